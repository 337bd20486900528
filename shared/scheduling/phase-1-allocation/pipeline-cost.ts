import {intAt, realAt} from '../table-access.ts';
import type {PlanningPool} from './planning-pool.ts';
import {ringThrough} from './order-stages.ts';

/** What a set of nodes costs that cannot hold the model: far above any step, less when nearer. */
export const SHORT_MS = 1e7;
const SHORT_CELL_MS = 1e4;

/** The best way found to make a pipeline of a set of nodes. */
export type Arrangement = {
  /** One decode step; `SHORT_MS` or more when the set cannot hold the model. */
  readonly stepMs: number;
  /** Head first, tail last. */
  readonly order: readonly number[];
};

/** The best place of head and tail so far; overwritten by each `stepMsOf`. */
const best = {
  stepMs: 0,
  ring: [] as readonly number[],
  /** Position on the ring next to which head and tail stand. */
  at: 0,
  isForwards: true,
};

/** The members of the set at hand, fastest first. */
const bySpeed = new Int32Array(1024);

/** `stepMsOf`, and the order of stages that reaches it. */
export function arrange(pool: PlanningPool, members: readonly number[]): Arrangement {
  const stepMs = stepMsOf(pool, members);
  const {ring, at, isForwards} = best;
  const size = ring.length;
  const order = ring.map((_, k) =>
    isForwards ? (ring[(at + 1 + k) % size] ?? 0) : (ring[(at - k + size) % size] ?? 0),
  );
  return {stepMs, order};
}

/**
 * The least step time of a pipeline made of `members`: ring order by link time,
 * head and tail next to each other on it, layers filled fastest first. O(m²)
 * for m members; `SHORT_MS` or more when they cannot hold the model.
 */
export function stepMsOf(pool: PlanningPool, members: readonly number[]): number {
  const size = members.length;
  best.ring = members;
  if (size === 1) return aloneMs(pool, members[0] ?? 0);
  sortBySpeed(pool, members);
  best.stepMs = Infinity;
  if (size < 4) tryRing(pool, members);
  else if (size > 4) tryRing(pool, ringThrough(pool, members));
  else {
    const [a = 0, b = 0, c = 0, d = 0] = members;
    tryRing(pool, members);
    tryRing(pool, [a, c, b, d]);
    tryRing(pool, [a, b, d, c]);
  }
  return best.stepMs;
}

function aloneMs(pool: PlanningPool, node: number): number {
  if (pool.holdsAll[node] !== 1) {
    return shortMs(Math.max(1, pool.cellCount - intAt(pool.plain, node)));
  }
  const layersMs = pool.cellCount * realAt(pool.cellMs, node) - realAt(pool.shortTailMs, node);
  return layersMs + realAt(pool.hopMs, node);
}

function shortMs(missingCells: number): number {
  return SHORT_MS + missingCells * SHORT_CELL_MS;
}

function sortBySpeed({cellMs}: PlanningPool, members: readonly number[]): void {
  for (let k = 0; k < members.length; k += 1) {
    const node = members[k] ?? 0;
    const ms = realAt(cellMs, node);
    let at = k;
    while (at > 0 && realAt(cellMs, intAt(bySpeed, at - 1)) > ms) {
      bySpeed[at] = intAt(bySpeed, at - 1);
      at -= 1;
    }
    bySpeed[at] = node;
  }
}

/** Every place of head and tail on one ring, both directions. */
function tryRing(pool: PlanningPool, ring: readonly number[]): void {
  const size = ring.length;
  const baseMs = ringMs(pool, ring);
  if (baseMs >= best.stepMs) return;
  for (let k = 0; k < size; k += 1) {
    const a = ring[k] ?? 0;
    const b = ring[k + 1 === size ? 0 : k + 1] ?? 0;
    const backwardsMs = baseMs + fillMs(pool, size, a, b);
    if (backwardsMs < best.stepMs) keep(ring, k, backwardsMs, false);
    // With two nodes the other direction is the other k.
    if (size === 2) continue;
    const forwardsMs = baseMs + fillMs(pool, size, b, a);
    if (forwardsMs < best.stepMs) keep(ring, k, forwardsMs, true);
  }
}

function ringMs(pool: PlanningPool, ring: readonly number[]): number {
  let ms = 0;
  let before = ring.at(-1) ?? 0;
  for (let k = 0; k < ring.length; k += 1) {
    const node = ring[k] ?? 0;
    ms += realAt(pool.oneWayMs, before * pool.count + node) + realAt(pool.hopMs, node);
    before = node;
  }
  return ms;
}

function keep(ring: readonly number[], at: number, stepMs: number, isForwards: boolean): void {
  best.ring = ring;
  best.at = at;
  best.stepMs = stepMs;
  best.isForwards = isForwards;
}

/** Time in the layers when each stage has one cell and the fastest stages take the rest. */
function fillMs(pool: PlanningPool, size: number, head: number, tail: number): number {
  let rest = pool.cellCount - size;
  let ms = -realAt(pool.shortTailMs, tail);
  for (let k = 0; k < size; k += 1) {
    const node = intAt(bySpeed, k);
    const room = roomOf(pool, node, head, tail);
    if (room < 1) return shortMs(1 - room + rest);
    const more = room - 1 < rest ? room - 1 : rest;
    rest -= more;
    ms += (more + 1) * realAt(pool.cellMs, node);
  }
  return rest === 0 ? ms : shortMs(rest < 0 ? -rest : rest);
}

function roomOf(pool: PlanningPool, node: number, head: number, tail: number): number {
  if (node === head) return intAt(pool.first, node);
  return intAt(node === tail ? pool.last : pool.plain, node);
}
