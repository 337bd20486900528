import type {NextRandom} from '../../seeded-choice.ts';
import {intAt, realAt} from '../../table-access.ts';
import type {NodeSet} from './form-pipelines.ts';
import {insertCheapest} from './order-stages.ts';
import {SHORT_MS, type PipelineCost} from './pipeline-cost.ts';
import type {PlanningPool} from '../planning-pool.ts';

/** A ms above the knee (in median steps) counts for less: fast pipelines are used, slow ones under load. */
const KNEE_STEPS = 1.75;
const SLOW_WEIGHT = 0.5;
/** How often a node comes without another leaving for it. */
const JOIN_SHARE = 0.25;
/** Keeps rounding errors from having a say where two times are the same by construction. */
const JUST_ABOVE = 1 + 1e-6;

/** One or two pipelines with one node, or two, in other places. */
type Exchange = {
  readonly at: number;
  readonly comes: number;
  /** -1: none. */
  readonly leaves: number;
  /** Where `comes` comes from and `leaves` goes to; -1: the spares. */
  readonly from: number;
};

type Settled = {readonly size: number; readonly ms: number};

/**
 * Pipelines while they are searched: node sets as rings in one array, so that
 * considering a change allocates nothing.
 */
export class PipelineDraft {
  readonly #cost: PipelineCost;
  readonly #pool: PlanningPool;
  readonly #random: NextRandom;
  /** Nodes of pipeline `p` in ring order: `#sizes[p]` of them from `#rings[p * #stride]`. */
  readonly #rings: Int32Array;
  readonly #stride: number;
  readonly #sizes: Int32Array;
  /** Cells that fit the nodes of each pipeline at most. */
  readonly #rooms: Int32Array;
  readonly #stepMs: Float64Array;
  /** Pipeline of each node, -1 for a spare. */
  readonly #pipelineOf: Int32Array;
  readonly #ring: Int32Array;
  readonly #otherRing: Int32Array;
  #kneeMs = Infinity;
  /** A pipeline that takes longer is given up: it counts this much, whatever becomes of its nodes. */
  #worthMs = Infinity;
  /** How many more may be given up. */
  #spareCount = 0;

  constructor(cost: PipelineCost, start: readonly NodeSet[], random: NextRandom) {
    const {count, cellCount} = cost.pool;
    this.#cost = cost;
    this.#pool = cost.pool;
    this.#random = random;
    this.#stride = Math.min(count, cellCount);
    this.#rings = new Int32Array(start.length * this.#stride);
    this.#sizes = new Int32Array(start.length);
    this.#rooms = new Int32Array(start.length);
    this.#stepMs = new Float64Array(start.length);
    this.#pipelineOf = new Int32Array(count).fill(-1);
    // A change is written here before its size is known to be allowed.
    this.#ring = new Int32Array(this.#stride + 1);
    this.#otherRing = new Int32Array(this.#stride + 1);
    for (const [at, set] of start.entries()) {
      for (const [k, node] of set.entries()) insertCheapest(this.#pool, this.#ring, k, node);
      const ms = cost.stepMs(this.#ring, set.length, Infinity);
      this.#settle(at, this.#ring, {size: set.length, ms});
    }
  }

  /** Mean step time of the fastest `count` pipelines. */
  meanMs(count: number): number {
    let sum = 0;
    for (const ms of this.#stepMs.toSorted().subarray(0, count)) sum += Math.min(ms, SHORT_MS);
    return sum / count;
  }

  /** The pipelines that are not given up; a node that holds the whole model never is. */
  keptSets(): readonly NodeSet[] {
    return Array.from(this.#sizes, (size, at) => [
      ...this.#rings.subarray(at * this.#stride, at * this.#stride + size),
    ]).filter(
      ([head = 0], at) =>
        realAt(this.#stepMs, at) < this.#worthMs || this.#pool.holdsAll[head] === 1,
    );
  }

  /** What counts from here on: pipelines slower than `worthMs` for no more than that, but for `leastCount`. */
  weigh(worthMs: number, leastCount: number): void {
    const fastest = this.#stepMs.toSorted();
    this.#kneeMs = KNEE_STEPS * realAt(fastest, fastest.length >> 1);
    const needed = leastCount > 0 ? realAt(fastest, leastCount - 1) * JUST_ABOVE : 0;
    this.#worthMs = Math.max(worthMs, needed);
    this.#spareCount = fastest.length - leastCount;
    for (const ms of fastest) this.#spareCount -= this.#givenUp(ms);
  }

  /**
   * Brings a random node, sooner one of a slow pipeline, together with one of the nodes near it,
   * unless the pipelines then count for more than before by more than `thresholdMs`.
   */
  proposeChange(thresholdMs: number): void {
    const {neighbours, neighboursPerNode} = this.#pool;
    const node = this.#slowerOf(this.#randomNode(), this.#randomNode());
    const draw = this.#random();
    const near = Math.floor(draw * draw * neighboursPerNode);
    const other = intAt(neighbours, node * neighboursPerNode + near);
    const at = intAt(this.#pipelineOf, node);
    const otherAt = intAt(this.#pipelineOf, other);
    if (at === otherAt || !this.#canShare(node) || !this.#canShare(other)) return;
    // A spare comes to its neighbour; else the neighbour comes to the node.
    if (at < 0) {
      const leaves = this.#leaver(otherAt, -1);
      this.#makeUnlessWorse({at: otherAt, comes: node, leaves, from: -1}, thresholdMs);
    } else {
      const leaves = this.#leaver(at, node);
      this.#makeUnlessWorse({at, comes: other, leaves, from: otherAt}, thresholdMs);
    }
  }

  #randomNode(): number {
    return Math.floor(this.#random() * this.#pool.count);
  }

  /** The one whose pipeline takes longer; spares before all. */
  #slowerOf(node: number, other: number): number {
    const at = intAt(this.#pipelineOf, node);
    const otherAt = intAt(this.#pipelineOf, other);
    if (at < 0) return node;
    if (otherAt < 0) return other;
    return realAt(this.#stepMs, otherAt) > realAt(this.#stepMs, at) ? other : node;
  }

  /** Whether a node may join others in a pipeline: it holds something, but not everything. */
  #canShare(node: number): boolean {
    return intAt(this.#pool.most, node) > 0 && this.#pool.holdsAll[node] === 0;
  }

  /** A random node of a pipeline, another one than `stays` where there is one; often none. */
  #leaver(at: number, stays: number): number {
    if (this.#random() < JOIN_SHARE) return -1;
    const size = intAt(this.#sizes, at);
    const first = at * this.#stride;
    const picked = intAt(this.#rings, first + Math.floor(this.#random() * size));
    if (picked !== stays || size === 1) return picked;
    const last = intAt(this.#rings, first + size - 1);
    return last === stays ? intAt(this.#rings, first) : last;
  }

  #makeUnlessWorse({at, comes, leaves, from}: Exchange, thresholdMs: number): void {
    const wasMs = realAt(this.#stepMs, at);
    const otherWasMs = from < 0 ? 0 : realAt(this.#stepMs, from);
    let leftMs = this.#weighedMs(wasMs) + this.#weighedMs(otherWasMs) + thresholdMs;
    const limitMs = this.#unweighedMs(leftMs);
    if (limitMs < SHORT_MS && !this.#haveRoom({at, comes, leaves, from})) return;
    const size = this.#exchanged(this.#ring, at, leaves, comes);
    const otherSize = this.#exchanged(this.#otherRing, from, comes, leaves);
    if (Math.max(size, otherSize) > this.#stride || (from >= 0 && otherSize === 0)) return;
    const ms = this.#cost.stepMs(this.#ring, size, limitMs);
    leftMs -= this.#weighedMs(ms);
    if (leftMs < 0) return;
    const otherMs =
      from < 0 ? 0 : this.#cost.stepMs(this.#otherRing, otherSize, this.#unweighedMs(leftMs));
    const were = this.#givenUp(wasMs) + this.#givenUp(otherWasMs);
    const more = this.#givenUp(ms) + this.#givenUp(otherMs) - were;
    if (this.#weighedMs(otherMs) > leftMs || more > this.#spareCount) return;
    this.#spareCount -= more;
    if (leaves >= 0) this.#pipelineOf[leaves] = -1;
    this.#settle(at, this.#ring, {size, ms});
    this.#settle(from, this.#otherRing, {size: otherSize, ms: otherMs});
    this.#leaveOut(at);
    this.#leaveOut(from);
  }

  /** Whether both pipelines have room for the model after an exchange, ends left aside. */
  #haveRoom({at, comes, leaves, from}: Exchange): boolean {
    const {cellCount, most} = this.#pool;
    const gained = intAt(most, comes) - (leaves < 0 ? 0 : intAt(most, leaves));
    if (intAt(this.#rooms, at) + gained < cellCount) return false;
    return from < 0 || intAt(this.#rooms, from) - gained >= cellCount;
  }

  /** Writes pipeline `at` without `leaves` and with `comes` (-1: neither) to `ring`. Returns its size. */
  #exchanged(ring: Int32Array, at: number, leaves: number, comes: number): number {
    if (at < 0) return 0;
    const first = at * this.#stride;
    const end = first + intAt(this.#sizes, at);
    let size = 0;
    for (let k = first; k < end; k += 1) {
      const node = intAt(this.#rings, k);
      if (node === leaves) continue;
      ring[size] = node;
      size += 1;
    }
    if (comes < 0) return size;
    insertCheapest(this.#pool, ring, size, comes);
    return size + 1;
  }

  #settle(at: number, ring: Int32Array, {size, ms}: Settled): void {
    if (at < 0) return;
    const first = at * this.#stride;
    let room = 0;
    for (let k = 0; k < size; k += 1) {
      const node = intAt(ring, k);
      this.#rings[first + k] = node;
      this.#pipelineOf[node] = at;
      room += intAt(this.#pool.most, node);
    }
    this.#rooms[at] = room;
    this.#sizes[at] = size;
    this.#stepMs[at] = ms;
  }

  /** Leaves out the first stage without which the pipeline is faster. */
  #leaveOut(at: number): void {
    if (at < 0) return;
    const {cellCount, most} = this.#pool;
    const wasMs = realAt(this.#stepMs, at);
    const wasSize = intAt(this.#sizes, at);
    if (wasSize < 2 || wasMs >= SHORT_MS) return;
    for (let k = 0; k < wasSize; k += 1) {
      const leaves = intAt(this.#rings, at * this.#stride + k);
      if (intAt(this.#rooms, at) - intAt(most, leaves) < cellCount) continue;
      const size = this.#exchanged(this.#ring, at, leaves, -1);
      const ms = this.#cost.stepMs(this.#ring, size, wasMs);
      if (ms >= wasMs) continue;
      this.#spareCount += this.#givenUp(wasMs) - this.#givenUp(ms);
      this.#pipelineOf[leaves] = -1;
      this.#settle(at, this.#ring, {size, ms});
      return;
    }
  }

  /** 1 for the step time of a pipeline that is given up, else 0. */
  #givenUp(ms: number): 0 | 1 {
    return ms >= this.#worthMs ? 1 : 0;
  }

  #weighedMs(ms: number): number {
    if (ms >= this.#worthMs) return this.#worthMs;
    return ms <= this.#kneeMs ? ms : this.#kneeMs + (ms - this.#kneeMs) * SLOW_WEIGHT;
  }

  /** From this step time on a pipeline counts for more than `weighedMs`. */
  #unweighedMs(weighedMs: number): number {
    if (weighedMs >= this.#worthMs) return Infinity;
    const slowMs = Math.max(0, weighedMs - this.#kneeMs);
    const ms = Math.min(weighedMs, this.#kneeMs) + slowMs / SLOW_WEIGHT;
    return Math.min(ms * JUST_ABOVE, this.#worthMs);
  }
}
