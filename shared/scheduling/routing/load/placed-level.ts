import {busyLevelMs} from '../../cost-model.ts';
import {realAt} from '../../table-access.ts';
import {idleCosts, type NodeCosts} from '../node-costs.ts';
import {placeSessions} from './place-sessions.ts';
import type {RouteIndex} from '../route-index.ts';

/** The work, ms per token, of the nodes on which sessions wait, from the work at each node. */
export type LevelOf = (workMs: Float64Array) => number;

/** Of many sessions so large a part is placed at once: it moves the level by no more. */
const ROUND_PART = 1 / 64;
/** After so many searches all nodes are busy, and the level grows as the work does. */
const MOST_ROUNDS = 128;

const tables = new WeakMap<RouteIndex, LevelTable>();

/**
 * The busy level of a swarm with as much work as this one, but well placed.
 *
 * Where clients do not see each other some nodes are hit by several at once. Measured against
 * such nodes all others seem to have room: everybody would go on filling the fast ones, the slow
 * ones would stay idle, and each such blow would raise the level for good. Not in the paper,
 * whose one scheduler knows what it has placed. The placing is done once per layout, as far as it
 * is asked for: a search per chain or per 64th of the sessions; then O(N).
 */
export function placedLevel(index: RouteIndex, idleMs: number): LevelOf {
  const known = tables.get(index);
  const table = known ?? new LevelTable(index, idleMs);
  if (known === undefined) tables.set(index, table);
  return (workMs) => table.levelMs(sumOf(workMs));
}

/** Work in all → busy level, grown by placing sessions in an idle swarm. */
class LevelTable {
  readonly #index: RouteIndex;
  readonly #idleMs: number;
  readonly #costs: NodeCosts;
  readonly #totalsMs: number[] = [];
  readonly #levelsMs: number[] = [];
  #sessions = 0;

  constructor(index: RouteIndex, idleMs: number) {
    this.#index = index;
    this.#idleMs = idleMs;
    this.#costs = idleCosts(index.snapshot);
  }

  levelMs(totalMs: number): number {
    if (totalMs <= 0) return 0;
    while (this.#mostMs < totalMs) {
      if (!this.#grow()) return this.#beyond(totalMs);
    }
    const at = this.#totalsMs.findIndex((ms) => ms >= totalMs);
    const [low = 0, high = 0] = [this.#totalsMs[at - 1], this.#totalsMs[at]];
    const [below, above = 0] = [this.#levelsMs[at - 1], this.#levelsMs[at]];
    if (below === undefined) return above;
    return below + ((above - below) * (totalMs - low)) / (high - low);
  }

  get #mostMs(): number {
    return this.#totalsMs.at(-1) ?? 0;
  }

  #beyond(totalMs: number): number {
    const levelMs = this.#levelsMs.at(-1) ?? 0;
    return this.#mostMs > 0 ? (levelMs * totalMs) / this.#mostMs : 0;
  }

  /** Places some more. @returns whether it is worth while. */
  #grow(): boolean {
    if (this.#totalsMs.length === MOST_ROUNDS) return false;
    const placed = placeSessions({
      index: this.#index,
      costs: this.#costs,
      idleMs: this.#idleMs,
      busyMs: busyLevelMs(this.#costs.workMs),
      sessions: Math.floor(this.#sessions * ROUND_PART),
      most: Infinity,
    });
    const totalMs = sumOf(this.#costs.workMs);
    // Nodes that take no time at all never get busy.
    if (placed === 0 || totalMs <= this.#mostMs) return false;
    this.#sessions += placed;
    this.#totalsMs.push(totalMs);
    this.#levelsMs.push(busyLevelMs(this.#costs.workMs));
    return true;
  }
}

function sumOf(workMs: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < workMs.length; at += 1) sum += realAt(workMs, at);
  return sum;
}
