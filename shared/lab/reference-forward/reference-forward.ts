import {assert} from '../../base/assert.ts';
import type {GgufFile} from '../../model/gguf/gguf-file.ts';
import {roundToWire} from '../../model/storage/format/binary16.ts';
import {readTurning} from './reference-angles.ts';
import {ReferenceLayer} from './reference-layer.ts';
import {readNumbers, type ReferenceNumbers} from './reference-numbers.ts';
import {decode, storedIn, type Matrices} from './reference-tensors.ts';
import {capped, multiply, norm, type Matrix} from './vectors.ts';

/** What of a hidden state crosses the boundary in front of `layer`, at a position. */
export type Crossing = (
  hidden: Float64Array,
  at: {readonly layer: number; readonly position: number},
) => Float64Array;

/**
 * What a model answers, computed from its definition: token by token, in float64, with plain
 * loops. It shares nothing with the product but how a file is read and its weights are decoded:
 * what the metadata means it reads itself, and which norms and biases there are it sees by the
 * tensors. It is slow: for tiny models, and for telling whether the engines are right.
 */
export class ReferenceForward {
  readonly #numbers: ReferenceNumbers;
  readonly #cutEvery: number | null;
  readonly #matrices: Matrices;
  readonly #layers: readonly ReferenceLayer[];
  readonly #crossing: Crossing;
  #position = 0;

  /**
   * @param options.gguf what `parseGguf` reads of `file`, which is whole.
   * @param options.cutEvery hidden states are rounded to f16 at every boundary of this grid, as in
   *   the product; `null`: nowhere.
   * @param options.crossing by default, the nearest f16.
   */
  constructor(options: {
    readonly gguf: GgufFile;
    readonly file: Uint8Array;
    readonly cutEvery: number | null;
    readonly crossing?: Crossing;
  }) {
    const {gguf, file, cutEvery, crossing = roundedToWire} = options;
    const numbers = readNumbers(gguf);
    const matrices = new Map(
      gguf.tensors.map((tensor) => [tensor.name, decode(storedIn(file, tensor))]),
    );
    this.#numbers = numbers;
    this.#cutEvery = cutEvery;
    this.#crossing = crossing;
    this.#matrices = matrices;
    this.#layers = Array.from({length: numbers.layerCount}, (_, layer) => {
      const turning = readTurning(gguf, numbers, {layer, matrices});
      return new ReferenceLayer({numbers, layer, turning, matrices});
    });
  }

  /** Runs one token more. @returns the logits after it, of every token of the vocabulary. */
  next(tokenId: number): Float64Array {
    const embedding = this.#matrix('token_embd.weight');
    let hidden = this.#atBoundary(embed(this.#numbers, embedding, tokenId), 0);
    for (const [at, layer] of this.#layers.entries()) {
      hidden = this.#atBoundary(layer.next(hidden), at + 1);
    }
    this.#position += 1;
    const {normEpsilon} = this.#numbers;
    const normed = norm(hidden, this.#matrix('output_norm.weight'), normEpsilon);
    return logitsOf(this.#numbers, this.#matrices.get('output.weight') ?? embedding, normed);
  }

  #atBoundary(hidden: Float64Array, layer: number): Float64Array {
    if (this.#cutEvery === null) return hidden;
    const isBoundary = layer % this.#cutEvery === 0 || layer === this.#numbers.layerCount;
    return isBoundary ? this.#crossing(hidden, {layer, position: this.#position}) : hidden;
  }

  #matrix(name: string): Matrix {
    const matrix = this.#matrices.get(name);
    assert(matrix !== undefined, `the file has the tensor ${name}`);
    return matrix;
  }
}

/** The hidden state that a row of the embedding makes. */
export function embed(
  {embeddingScale, hiddenSize}: ReferenceNumbers,
  {values}: Matrix,
  row: number,
): Float64Array {
  const own = values.subarray(row * hiddenSize, (row + 1) * hiddenSize);
  return Float64Array.from(own, (value) => value * embeddingScale);
}

/** @param head rows of the LM head, all or some. */
export function logitsOf(
  {logitScale, logitCap}: ReferenceNumbers,
  head: Matrix,
  normed: Float64Array,
): Float64Array {
  return multiply(head, normed).map((logit) => capped(logit / logitScale, logitCap));
}

/** What crosses a boundary of the grid of a hidden state. */
export function roundedToWire(hidden: Float64Array): Float64Array {
  return hidden.map((value) => roundToWire(Math.fround(value)));
}
