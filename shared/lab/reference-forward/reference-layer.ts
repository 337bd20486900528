import {assert} from '../../base/assert.ts';
import type {Turning} from './reference-angles.ts';
import {seesWindow, type ReferenceNumbers} from './reference-numbers.ts';
import type {Matrices} from './reference-tensors.ts';
import {add, capped, dot, geluTanh, multiply, norm, silu, softmax, type Matrix} from './vectors.ts';

/** One layer of a model, and what it remembers of one sequence of tokens. */
export class ReferenceLayer {
  readonly #numbers: ReferenceNumbers;
  readonly #layer: number;
  readonly #turning: Turning;
  readonly #matrices: Matrices;
  readonly #keys: Float64Array[] = [];
  readonly #values: Float64Array[] = [];

  /** @param options.matrices those of the layer at least, by their names in the file. */
  constructor(options: {
    readonly numbers: ReferenceNumbers;
    readonly layer: number;
    readonly turning: Turning;
    readonly matrices: Matrices;
  }) {
    this.#numbers = options.numbers;
    this.#layer = options.layer;
    this.#turning = options.turning;
    this.#matrices = options.matrices;
  }

  /** The hidden state of the next token behind the layer. */
  next(hidden: Float64Array): Float64Array {
    const between = this.#added(hidden, this.#attention(hidden));
    return this.#added(between, this.#feedForward(between));
  }

  #attention(hidden: Float64Array): Float64Array {
    const {headCount, kvHeadCount, headSize} = this.#numbers;
    const [query, key, value] = this.#queryKeyValue(this.#normIfAny(hidden, 'attn_norm'));
    const position = this.#keys.length;
    const turned = this.#turn(this.#headNorm(query, 'attn_q_norm'), position);
    this.#keys.push(this.#turn(this.#headNorm(key, 'attn_k_norm'), position));
    this.#values.push(value);
    const mixed = new Float64Array(headCount * headSize);
    for (let head = 0; head < headCount; head += 1) {
      const shared = Math.floor((head * kvHeadCount) / headCount) * headSize;
      const own = turned.subarray(head * headSize, (head + 1) * headSize);
      mixed.set(this.#mix(own, shared), head * headSize);
    }
    return this.#normIfAny(this.#linear(mixed, 'attn_output'), 'post_attention_norm');
  }

  /** Values of the tokens that a head sees, each by its share. */
  #mix(query: Float64Array, shared: number): Float64Array {
    const {headSize, scoreScale, scoreCap, windowTokens} = this.#numbers;
    const keys = this.#keys;
    const hasWindow = seesWindow(this.#numbers, this.#layer);
    const first = hasWindow ? Math.max(0, keys.length - windowTokens) : 0;
    const part = (all: Float64Array) => all.subarray(shared, shared + headSize);
    const scores = keys
      .slice(first)
      .map((key) => capped(dot(query, part(key)) * scoreScale, scoreCap));
    const mixed = new Float64Array(headSize);
    for (const [at, share] of softmax(scores).entries()) {
      const value = part(this.#values[first + at] ?? mixed);
      for (let i = 0; i < headSize; i += 1) mixed[i] = (mixed[i] ?? 0) + share * (value[i] ?? 0);
    }
    return mixed;
  }

  #queryKeyValue(input: Float64Array): readonly [Float64Array, Float64Array, Float64Array] {
    const {headCount, kvHeadCount, headSize} = this.#numbers;
    if (this.#find('attn_qkv.weight') === undefined) {
      return [
        this.#linear(input, 'attn_q'),
        this.#linear(input, 'attn_k'),
        this.#linear(input, 'attn_v'),
      ];
    }
    const all = this.#linear(input, 'attn_qkv');
    const keyAt = headCount * headSize;
    const valueAt = keyAt + kvHeadCount * headSize;
    return [all.slice(0, keyAt), all.slice(keyAt, valueAt), all.slice(valueAt)];
  }

  /** down(act(gate) · up) */
  #feedForward(hidden: Float64Array): Float64Array {
    const normed = this.#normIfAny(hidden, 'ffn_norm');
    const last = this.#linear(normed, 'ffn_up');
    const isFused = this.#find('ffn_gate.weight') === undefined;
    const half = last.length / 2;
    const gate = isFused ? last.slice(0, half) : this.#linear(normed, 'ffn_gate');
    const up = isFused ? last.slice(half) : last;
    const activate = this.#numbers.usesGelu ? geluTanh : silu;
    const gated = gate.map((value, i) => activate(value) * (up[i] ?? 0));
    return this.#normIfAny(this.#linear(gated, 'ffn_down'), 'post_ffw_norm');
  }

  #added(hidden: Float64Array, delta: Float64Array): Float64Array {
    const {residualScale} = this.#numbers;
    return add(
      hidden,
      delta.map((value) => value * residualScale),
    );
  }

  #linear(input: Float64Array, name: string): Float64Array {
    const matrix = this.#find(`${name}.weight`);
    assert(matrix !== undefined, `layer ${this.#layer} has ${name}`);
    const product = multiply(matrix, input);
    const bias = this.#find(`${name}.bias`);
    return bias === undefined ? product : add(product, Float64Array.from(bias.values));
  }

  #normIfAny(input: Float64Array, name: string): Float64Array {
    const gains = this.#find(`${name}.weight`);
    return gains === undefined ? input : norm(input, gains, this.#numbers.normEpsilon);
  }

  /** Of all heads together or of each by itself, as many as there are gains. */
  #headNorm(heads: Float64Array, name: string): Float64Array {
    const gains = this.#find(`${name}.weight`);
    if (gains === undefined) return heads;
    const size = gains.values.length;
    const normed = new Float64Array(heads.length);
    for (let at = 0; at < heads.length; at += size) {
      normed.set(norm(heads.slice(at, at + size), gains, this.#numbers.normEpsilon), at);
    }
    return normed;
  }

  /** RoPE of all heads: neighbouring pairs, or the two halves of a head. */
  #turn(heads: Float64Array, position: number): Float64Array {
    const {headSize, turnedSize, turnsHalves, unturnedPeriod} = this.#numbers;
    if (unturnedPeriod > 0 && (this.#layer + 1) % unturnedPeriod === 0) return heads;
    const {perPosition, scale} = this.#turning;
    const half = turnedSize / 2;
    const turned = heads.slice();
    for (let head = 0; head < heads.length; head += headSize) {
      for (let pair = 0; pair < half; pair += 1) {
        const angle = position * (perPosition[pair] ?? 0);
        const first = head + (turnsHalves ? pair : 2 * pair);
        const second = first + (turnsHalves ? half : 1);
        const [x, y] = [heads[first] ?? 0, heads[second] ?? 0];
        turned[first] = (x * Math.cos(angle) - y * Math.sin(angle)) * scale;
        turned[second] = (x * Math.sin(angle) + y * Math.cos(angle)) * scale;
      }
    }
    return turned;
  }

  #find(name: string): Matrix | undefined {
    return this.#matrices.get(`blk.${this.#layer}.${name}`);
  }
}
