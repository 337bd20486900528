import {assert} from '../../base/assert.ts';
import type {Manifest} from '../../model/manifest/manifest.ts';
import type {ModelSpec} from '../../model/model-spec.ts';
import {dequantiseRows, rowCount, rowLength} from '../../model/storage/dequantise-rows.ts';
import {roundToWire} from '../../model/storage/format/binary16.ts';

/** A matrix `[rows, columns]`, row major, or a vector of one row. */
type Matrix = {readonly values: Float32Array; readonly rows: number; readonly columns: number};
type Layer = {readonly keys: Float64Array[]; readonly values: Float64Array[]};

/**
 * What a model answers, computed from its definition: token by token, in float64, with plain
 * loops. It shares nothing with the product but how a file is read and its weights are decoded,
 * and is slow: for tiny models, and for telling whether the engines are right.
 */
export class ReferenceForward {
  readonly #spec: ModelSpec;
  readonly #cutEvery: number | null;
  readonly #tensors: ReadonlyMap<string, Matrix>;
  readonly #layers: readonly Layer[];
  #position = 0;

  /**
   * @param options.file the whole GGUF file that the manifest describes.
   * @param options.rounding `grid`: hidden states are rounded to f16 at every boundary, as in the
   *   product; `none`: nowhere.
   */
  constructor(options: {
    readonly manifest: Manifest;
    readonly file: Uint8Array;
    readonly rounding: 'grid' | 'none';
  }) {
    const {manifest, file, rounding} = options;
    this.#spec = manifest.spec;
    this.#cutEvery = rounding === 'grid' ? manifest.cutEvery : null;
    this.#tensors = new Map(
      manifest.tensors.map(({name, dtype, shape, offsetBytes, byteLength}) => {
        const bytes = file.subarray(offsetBytes, offsetBytes + byteLength);
        const tensor = {dtype, shape, bytes};
        const [rows, columns] = [rowCount(tensor), rowLength(tensor)];
        const values = new Float32Array(rows * columns);
        dequantiseRows(tensor, {startRow: 0, endRow: rows}, values);
        return [name, {values, rows, columns}];
      }),
    );
    this.#layers = Array.from({length: this.#spec.layerCount}, () => ({keys: [], values: []}));
  }

  /** Runs one token more. @returns the logits after it, of every token of the vocabulary. */
  next(tokenId: number): Float64Array {
    const {layerCount, hiddenSize, tiedEmbedding} = this.#spec;
    const embedding = this.#tensor('token_embd.weight');
    const row = embedding.values.subarray(tokenId * hiddenSize, (tokenId + 1) * hiddenSize);
    let hidden = this.#atBoundary(Float64Array.from(row), 0);
    for (let layer = 0; layer < layerCount; layer += 1) {
      const between = add(hidden, this.#attention(hidden, layer));
      hidden = this.#atBoundary(add(between, this.#feedForward(between, layer)), layer + 1);
    }
    this.#position += 1;
    const head = tiedEmbedding ? embedding : this.#tensor('output.weight');
    return multiply(head, this.#norm(hidden, 'output_norm'));
  }

  #attention(hidden: Float64Array, layer: number): Float64Array {
    const {headCount, kvHeadCount, headSize} = this.#spec;
    const normed = this.#norm(hidden, `blk.${layer}.attn_norm`);
    const product = (part: string) => multiply(this.#tensor(`blk.${layer}.${part}.weight`), normed);
    const query = this.#turn(product('attn_q'));
    const past = this.#layers[layer];
    assert(past !== undefined, 'every layer has a past');
    past.keys.push(this.#turn(product('attn_k')));
    past.values.push(product('attn_v'));
    const result = new Float64Array(headCount * headSize);
    for (let head = 0; head < headCount; head += 1) {
      const shared = Math.floor((head * kvHeadCount) / headCount);
      const own = query.subarray(head * headSize, (head + 1) * headSize);
      const part = (all: Float64Array) => all.subarray(shared * headSize, (shared + 1) * headSize);
      const scores = past.keys.map((key) => dot(own, part(key)) / Math.sqrt(headSize));
      const shares = softmax(scores);
      for (const [at, value] of past.values.entries()) {
        for (let i = 0; i < headSize; i += 1) {
          result[head * headSize + i] =
            (result[head * headSize + i] ?? 0) + (shares[at] ?? 0) * (part(value)[i] ?? 0);
        }
      }
    }
    return multiply(this.#tensor(`blk.${layer}.attn_output.weight`), result);
  }

  /** down(silu(gate) · up) */
  #feedForward(hidden: Float64Array, layer: number): Float64Array {
    const normed = this.#norm(hidden, `blk.${layer}.ffn_norm`);
    const gate = multiply(this.#tensor(`blk.${layer}.ffn_gate.weight`), normed);
    const up = multiply(this.#tensor(`blk.${layer}.ffn_up.weight`), normed);
    const gated = gate.map((value, i) => (value / (1 + Math.exp(-value))) * (up[i] ?? 0));
    return multiply(this.#tensor(`blk.${layer}.ffn_down.weight`), gated);
  }

  #norm(hidden: Float64Array, name: string): Float64Array {
    const gains = this.#tensor(`${name}.weight`).values;
    const scale = Math.sqrt(dot(hidden, hidden) / hidden.length + this.#spec.normEpsilon);
    return hidden.map((value, i) => (value / scale) * (gains[i] ?? 0));
  }

  /** RoPE of all heads: neighbouring pairs, or the two halves of a head. */
  #turn(heads: Float64Array): Float64Array {
    const {headSize, ropeBase, ropeFactor = 1, ropeInterleaved} = this.#spec;
    const half = headSize / 2;
    const turned = new Float64Array(heads.length);
    for (let head = 0; head < heads.length; head += headSize) {
      for (let pair = 0; pair < half; pair += 1) {
        const angle = (this.#position / ropeFactor) * ropeBase ** (-pair / half);
        const first = head + (ropeInterleaved ? 2 * pair : pair);
        const second = first + (ropeInterleaved ? 1 : half);
        const [x, y] = [heads[first] ?? 0, heads[second] ?? 0];
        turned[first] = x * Math.cos(angle) - y * Math.sin(angle);
        turned[second] = x * Math.sin(angle) + y * Math.cos(angle);
      }
    }
    return turned;
  }

  #atBoundary(hidden: Float64Array, layer: number): Float64Array {
    if (this.#cutEvery === null) return hidden;
    const isBoundary = layer % this.#cutEvery === 0 || layer === this.#spec.layerCount;
    return isBoundary ? hidden.map((value) => roundToWire(Math.fround(value))) : hidden;
  }

  #tensor(name: string): Matrix {
    const tensor = this.#tensors.get(name);
    assert(tensor !== undefined, `a parsed manifest has the tensor ${name}`);
    return tensor;
  }
}

function multiply({values, rows, columns}: Matrix, input: Float64Array): Float64Array {
  const result = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    let sum = 0;
    for (let i = 0; i < columns; i += 1) sum += (values[row * columns + i] ?? 0) * (input[i] ?? 0);
    result[row] = sum;
  }
  return result;
}

function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + (b[i] ?? 0));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

function softmax(scores: readonly number[]): readonly number[] {
  const most = scores.reduce((max, score) => Math.max(max, score), -Infinity);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
