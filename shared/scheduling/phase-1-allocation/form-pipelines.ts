import {intAt, realAt} from '../table-access.ts';
import {coverByClasses, type Cover} from './cover-by-classes.ts';
import type {PlanningPool} from './planning-pool.ts';

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
  return [...alone, ...gatherNear(pool, cover)];
}

/** Patterns of the scarcest kind first: the common ones find near nodes anyway. */
function gatherNear(pool: PlanningPool, {classes, patterns}: Cover): readonly NodeSet[] {
  const free = classes.map(({nodes}) => new Set(nodes));
  const classOf = new Int32Array(pool.count).fill(-1);
  for (const [at, {nodes}] of classes.entries()) for (const node of nodes) classOf[node] = at;
  return patterns.map((pattern) => {
    const needed = [...pattern];
    const set: number[] = [];
    while (needed.length > 0) {
      const node = nearestNeeded(pool, {free, classOf}, set, needed);
      needed.splice(needed.indexOf(intAt(classOf, node)), 1);
      free[intAt(classOf, node)]?.delete(node);
      set.push(node);
    }
    return set;
  });
}

type Free = {readonly free: readonly ReadonlySet<number>[]; readonly classOf: Int32Array};

/** The free node of a needed class that is nearest to all chosen ones; the fastest to begin with. */
function nearestNeeded(
  pool: PlanningPool,
  {free, classOf}: Free,
  set: NodeSet,
  needed: readonly number[],
): number {
  if (set.length === 0) return firstOf(free[needed[0] ?? 0]);
  const near = set
    .flatMap((node) => neighboursOf(pool, node))
    .filter((node) => {
      const at = intAt(classOf, node);
      return at >= 0 && needed.includes(at) && free[at]?.has(node) === true;
    });
  const anywhere = () => [...new Set(needed)].flatMap((at) => [...(free[at] ?? [])]);
  return nearestTo(pool, set, near.length > 0 ? near : anywhere());
}

function neighboursOf({neighbours, neighboursPerNode}: PlanningPool, node: number): number[] {
  return [...neighbours.subarray(node * neighboursPerNode, (node + 1) * neighboursPerNode)];
}

function nearestTo(pool: PlanningPool, set: NodeSet, nodes: readonly number[]): number {
  let best = -1;
  let leastMs = Infinity;
  for (const node of nodes) {
    const ms = meetingMs(pool, set, node);
    if (ms >= leastMs) continue;
    leastMs = ms;
    best = node;
  }
  return best;
}

function firstOf(nodes: ReadonlySet<number> | undefined): number {
  for (const node of nodes ?? []) return node;
  return 0;
}

/** What a node adds to a pipeline: ways to its nodes, and the time of a cell there. */
function meetingMs(pool: PlanningPool, set: NodeSet, node: number): number {
  let ms = realAt(pool.cellMs, node) * intAt(pool.plain, node);
  for (const other of set) ms += 2 * realAt(pool.oneWayMs, other * pool.count + node);
  return ms;
}
