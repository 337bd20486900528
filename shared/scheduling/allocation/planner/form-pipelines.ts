import {intAt, realAt} from '../../table-access.ts';
import {coverByClasses, type Cover} from './cover-by-classes.ts';
import type {PlanningPool} from '../planning-pool.ts';

/** Nodes that form one pipeline, in no order. */
export type NodeSet = readonly number[];

/**
 * The first pipelines: each node that holds the whole model alone, then the
 * patterns that cover the model most often, each filled with nodes near each
 * other. The paper keeps pipelines inside given regions; here nearness alone
 * decides, so regions need not be known and leftovers of all regions still meet.
 * O(N·(neighbours + C)).
 */
export function formPipelines(pool: PlanningPool): readonly NodeSet[] {
  const alone: NodeSet[] = [];
  for (let node = 0; node < pool.count; node += 1) {
    if (pool.holdsAll[node] === 1) alone.push([node]);
  }
  const cover = coverByClasses(pool);
  const gathering = new Gathering(pool, cover);
  return [...alone, ...cover.patterns.map((pattern) => gathering.take(pattern))];
}

/** A node is near a long pipeline when it is near the nodes that came last. */
const NEAR_TO = 16;

/** Nodes that wait to be put into patterns, by class. */
class Gathering {
  readonly #pool: PlanningPool;
  readonly #classes: Cover['classes'];
  /** Class of each node that is free, else -1. */
  readonly #freeClassOf: Int32Array;
  /** How many nodes of each class the pattern at hand still needs. */
  readonly #needed: Int32Array;
  #best = -1;
  #leastMs = Infinity;

  constructor(pool: PlanningPool, {classes}: Cover) {
    this.#pool = pool;
    this.#classes = classes;
    this.#freeClassOf = new Int32Array(pool.count).fill(-1);
    this.#needed = new Int32Array(classes.length);
    for (const [at, {nodes}] of classes.entries()) {
      for (const node of nodes) this.#freeClassOf[node] = at;
    }
  }

  /** The fastest node of the first class of a pattern, then always the one that is nearest to all chosen. */
  take(pattern: readonly number[]): NodeSet {
    for (const at of pattern) this.#needed[at] = intAt(this.#needed, at) + 1;
    const classes = [...new Set(pattern)];
    const set: number[] = [];
    for (let k = 0; k < pattern.length; k += 1) {
      const node =
        k === 0 ? this.#fastestOf(pattern[0] ?? 0) : this.#nearestTo(set.slice(-NEAR_TO), classes);
      const at = intAt(this.#freeClassOf, node);
      this.#needed[at] = intAt(this.#needed, at) - 1;
      this.#freeClassOf[node] = -1;
      set.push(node);
    }
    return set;
  }

  #fastestOf(at: number): number {
    const nodes = this.#classes[at]?.nodes ?? [];
    return nodes.find((node) => intAt(this.#freeClassOf, node) === at) ?? 0;
  }

  /** Among the neighbours of the chosen nodes, or else among all of these classes. */
  #nearestTo(set: NodeSet, classes: readonly number[]): number {
    const {neighbours, neighboursPerNode} = this.#pool;
    this.#best = -1;
    this.#leastMs = Infinity;
    for (const node of set) {
      const first = node * neighboursPerNode;
      for (let k = 0; k < neighboursPerNode; k += 1) {
        this.#consider(set, intAt(neighbours, first + k));
      }
    }
    if (this.#best >= 0) return this.#best;
    for (const at of classes) {
      for (const node of this.#classes[at]?.nodes ?? []) this.#consider(set, node);
    }
    return this.#best;
  }

  #consider(set: NodeSet, node: number): void {
    const at = intAt(this.#freeClassOf, node);
    if (at < 0 || intAt(this.#needed, at) === 0) return;
    const ms = this.#meetingMs(set, node);
    if (ms >= this.#leastMs) return;
    this.#leastMs = ms;
    this.#best = node;
  }

  /** What a node adds to a pipeline: ways to its nodes, and the time of its cells. */
  #meetingMs(set: NodeSet, node: number): number {
    const {cellMs, count, oneWayMs, plain} = this.#pool;
    let ms = realAt(cellMs, node) * intAt(plain, node);
    for (const other of set) ms += 2 * realAt(oneWayMs, other * count + node);
    return ms;
  }
}
