import {assert} from '../../base/assert.ts';
import type {GgufFile} from '../../model/gguf/gguf-file.ts';
import {tensorByteLength} from '../../model/manifest/tensor-layout.ts';
import {isTensorDtype} from '../../model/storage/block-sizes.ts';
import {dequantiseRows, rowCount, rowLength} from '../../model/storage/dequantise-rows.ts';
import {roundToWire} from '../../model/storage/format/binary16.ts';
import {readTurning, type Turning} from './reference-angles.ts';
import {readNumbers, seesWindow, type ReferenceNumbers} from './reference-numbers.ts';
import {add, capped, dot, geluTanh, multiply, silu, softmax, type Matrix} from './vectors.ts';

type Cache = {readonly keys: Float64Array[]; readonly values: Float64Array[]};

/**
 * What a model answers, computed from its definition: token by token, in float64, with plain
 * loops. It shares nothing with the product but how a file is read and its weights are decoded:
 * what the metadata means it reads itself, and which norms and biases there are it sees by the
 * tensors. It is slow: for tiny models, and for telling whether the engines are right.
 */
export class ReferenceForward {
  readonly #numbers: ReferenceNumbers;
  readonly #cutEvery: number | null;
  readonly #tensors: ReadonlyMap<string, Matrix>;
  readonly #turnings: readonly Turning[];
  readonly #caches: readonly Cache[];
  #position = 0;

  /**
   * @param options.gguf what `parseGguf` reads of `file`, which is whole.
   * @param options.cutEvery hidden states are rounded to f16 at every boundary of this grid, as in
   *   the product; `null`: nowhere.
   */
  constructor(options: {
    readonly gguf: GgufFile;
    readonly file: Uint8Array;
    readonly cutEvery: number | null;
  }) {
    const {gguf, file, cutEvery} = options;
    this.#numbers = readNumbers(gguf);
    this.#cutEvery = cutEvery;
    this.#tensors = readMatrices(gguf, file);
    const layers = Array.from({length: this.#numbers.layerCount}, (_, layer) => layer);
    const tensor = (name: string) => this.#tensors.get(name)?.values;
    this.#turnings = layers.map((layer) => readTurning(gguf, this.#numbers, {layer, tensor}));
    this.#caches = layers.map(() => ({keys: [], values: []}));
  }

  /** Runs one token more. @returns the logits after it, of every token of the vocabulary. */
  next(tokenId: number): Float64Array {
    const {layerCount, hiddenSize, embeddingScale, logitScale, logitCap} = this.#numbers;
    const embedding = this.#tensor('token_embd.weight');
    const row = embedding.values.subarray(tokenId * hiddenSize, (tokenId + 1) * hiddenSize);
    let hidden = this.#atBoundary(
      Float64Array.from(row, (value) => value * embeddingScale),
      0,
    );
    for (let layer = 0; layer < layerCount; layer += 1) {
      const between = this.#added(hidden, this.#attention(hidden, `blk.${layer}.`, layer));
      const after = this.#added(between, this.#feedForward(between, `blk.${layer}.`));
      hidden = this.#atBoundary(after, layer + 1);
    }
    this.#position += 1;
    const head = this.#tensors.get('output.weight') ?? embedding;
    const logits = multiply(head, this.#norm(hidden, 'output_norm'));
    return logits.map((logit) => capped(logit / logitScale, logitCap));
  }

  #attention(hidden: Float64Array, of: string, layer: number): Float64Array {
    const {headCount, kvHeadCount, headSize} = this.#numbers;
    const cache = this.#caches[layer];
    assert(cache !== undefined, 'every layer has a cache');
    const [query, key, value] = this.#queryKeyValue(this.#normIfAny(hidden, `${of}attn_norm`), of);
    const turned = this.#turn(this.#headNorm(query, `${of}attn_q_norm`), layer);
    cache.keys.push(this.#turn(this.#headNorm(key, `${of}attn_k_norm`), layer));
    cache.values.push(value);
    const mixed = new Float64Array(headCount * headSize);
    for (let head = 0; head < headCount; head += 1) {
      const shared = Math.floor((head * kvHeadCount) / headCount) * headSize;
      const own = turned.subarray(head * headSize, (head + 1) * headSize);
      mixed.set(this.#mix(own, cache, {layer, shared}), head * headSize);
    }
    return this.#normIfAny(this.#linear(mixed, `${of}attn_output`), `${of}post_attention_norm`);
  }

  /** Values of the tokens that a head sees, each by its share. */
  #mix(
    query: Float64Array,
    {keys, values}: Cache,
    {layer, shared}: {readonly layer: number; readonly shared: number},
  ): Float64Array {
    const {headSize, scoreScale, scoreCap, windowTokens} = this.#numbers;
    const first = seesWindow(this.#numbers, layer) ? Math.max(0, keys.length - windowTokens) : 0;
    const part = (all: Float64Array) => all.subarray(shared, shared + headSize);
    const scores = keys
      .slice(first)
      .map((key) => capped(dot(query, part(key)) * scoreScale, scoreCap));
    const mixed = new Float64Array(headSize);
    for (const [at, share] of softmax(scores).entries()) {
      const value = part(values[first + at] ?? mixed);
      for (let i = 0; i < headSize; i += 1) mixed[i] = (mixed[i] ?? 0) + share * (value[i] ?? 0);
    }
    return mixed;
  }

  #queryKeyValue(
    input: Float64Array,
    of: string,
  ): readonly [Float64Array, Float64Array, Float64Array] {
    const {headCount, kvHeadCount, headSize} = this.#numbers;
    if (!this.#tensors.has(`${of}attn_qkv.weight`)) {
      return [
        this.#linear(input, `${of}attn_q`),
        this.#linear(input, `${of}attn_k`),
        this.#linear(input, `${of}attn_v`),
      ];
    }
    const all = this.#linear(input, `${of}attn_qkv`);
    const keyAt = headCount * headSize;
    const valueAt = keyAt + kvHeadCount * headSize;
    return [all.slice(0, keyAt), all.slice(keyAt, valueAt), all.slice(valueAt)];
  }

  /** down(act(gate) · up) */
  #feedForward(hidden: Float64Array, of: string): Float64Array {
    const normed = this.#normIfAny(hidden, `${of}ffn_norm`);
    const last = this.#linear(normed, `${of}ffn_up`);
    const isFused = !this.#tensors.has(`${of}ffn_gate.weight`);
    const half = last.length / 2;
    const gate = isFused ? last.slice(0, half) : this.#linear(normed, `${of}ffn_gate`);
    const up = isFused ? last.slice(half) : last;
    const activate = this.#numbers.usesGelu ? geluTanh : silu;
    const gated = gate.map((value, i) => activate(value) * (up[i] ?? 0));
    return this.#normIfAny(this.#linear(gated, `${of}ffn_down`), `${of}post_ffw_norm`);
  }

  #added(hidden: Float64Array, delta: Float64Array): Float64Array {
    const {residualScale} = this.#numbers;
    return add(
      hidden,
      delta.map((value) => value * residualScale),
    );
  }

  #linear(input: Float64Array, name: string): Float64Array {
    const product = multiply(this.#tensor(`${name}.weight`), input);
    const bias = this.#tensors.get(`${name}.bias`);
    return bias === undefined ? product : add(product, Float64Array.from(bias.values));
  }

  #normIfAny(input: Float64Array, name: string): Float64Array {
    return this.#tensors.has(`${name}.weight`) ? this.#norm(input, name) : input;
  }

  #norm(input: Float64Array, name: string): Float64Array {
    const gains = this.#tensor(`${name}.weight`).values;
    const scale = Math.sqrt(dot(input, input) / input.length + this.#numbers.normEpsilon);
    return input.map((value, i) => (value / scale) * (gains[i] ?? 0));
  }

  /** Of all heads together or of each by itself, as many as there are gains. */
  #headNorm(heads: Float64Array, name: string): Float64Array {
    const gains = this.#tensors.get(`${name}.weight`);
    if (gains === undefined) return heads;
    const size = gains.values.length;
    const normed = new Float64Array(heads.length);
    for (let at = 0; at < heads.length; at += size) {
      normed.set(this.#norm(heads.slice(at, at + size), name), at);
    }
    return normed;
  }

  /** RoPE of all heads: neighbouring pairs, or the two halves of a head. */
  #turn(heads: Float64Array, layer: number): Float64Array {
    const {headSize, turnsHalves, unturnedPeriod} = this.#numbers;
    const turning = this.#turnings[layer];
    assert(turning !== undefined, 'every layer has its angles');
    if (unturnedPeriod > 0 && (layer + 1) % unturnedPeriod === 0) return heads;
    const half = headSize / 2;
    const turned = new Float64Array(heads.length);
    for (let head = 0; head < heads.length; head += headSize) {
      for (let pair = 0; pair < half; pair += 1) {
        const angle = this.#position * (turning.perPosition[pair] ?? 0);
        const first = head + (turnsHalves ? pair : 2 * pair);
        const second = first + (turnsHalves ? half : 1);
        const [x, y] = [heads[first] ?? 0, heads[second] ?? 0];
        turned[first] = (x * Math.cos(angle) - y * Math.sin(angle)) * turning.scale;
        turned[second] = (x * Math.sin(angle) + y * Math.cos(angle)) * turning.scale;
      }
    }
    return turned;
  }

  #atBoundary(hidden: Float64Array, layer: number): Float64Array {
    if (this.#cutEvery === null) return hidden;
    const isBoundary = layer % this.#cutEvery === 0 || layer === this.#numbers.layerCount;
    return isBoundary ? hidden.map((value) => roundToWire(Math.fround(value))) : hidden;
  }

  #tensor(name: string): Matrix {
    const tensor = this.#tensors.get(name);
    assert(tensor !== undefined, `the file has the tensor ${name}`);
    return tensor;
  }
}

function readMatrices({tensors}: GgufFile, file: Uint8Array): ReadonlyMap<string, Matrix> {
  return new Map(
    tensors.map(({name, dtype, shape, offsetBytes}) => {
      assert(isTensorDtype(dtype), `${dtype} is a storage type`);
      const byteLength = tensorByteLength(dtype, shape);
      assert(byteLength !== null, `rows of ${name} are whole blocks`);
      const bytes = file.subarray(offsetBytes, offsetBytes + byteLength);
      const tensor = {dtype, shape, bytes};
      const [rows, columns] = [rowCount(tensor), rowLength(tensor)];
      const values = new Float32Array(rows * columns);
      dequantiseRows(tensor, {startRow: 0, endRow: rows}, values);
      return [name, {values, rows, columns}];
    }),
  );
}
