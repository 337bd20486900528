import {intAt} from '../table-access.ts';
import type {PlanningPool} from './planning-pool.ts';

/** Nodes with room for the same numbers of cells: all that counts before the network does. */
type CapacityClass = {
  readonly plain: number;
  readonly first: number;
  readonly last: number;
  /** Positions of its nodes, fastest first. */
  readonly nodes: readonly number[];
};

/** One pipeline to be: a class for each of its nodes, as positions in the list of classes. */
type PipelinePattern = readonly number[];

export type Cover = {
  readonly classes: readonly CapacityClass[];
  readonly patterns: readonly PipelinePattern[];
};

/**
 * As many pipelines as capacities allow, RTT left aside: bin covering over
 * classes of equal capacity, endpoint memory exact. A pipeline begins with the
 * largest node, grows, and is closed by the smallest node that closes it; it
 * grows by large nodes (few stages) or by small ones (large ones saved for
 * others), whichever gives more pipelines. O(N·C) for C classes, where
 * Parallax's DP over residuals is exponential in the number of open pipelines
 * (its `DP_ALLOCATE`) and its greedy one closes with whatever comes next.
 */
export function coverByClasses(pool: PlanningPool): Cover {
  const classes = classesOf(pool);
  const byLarge = patternsBy(pool.cellCount, classes, 'large');
  const bySmall = patternsBy(pool.cellCount, classes, 'small');
  return {classes, patterns: bySmall.length > byLarge.length ? bySmall : byLarge};
}

/** Classes of the nodes that cannot hold the model alone, the largest first. */
function classesOf(pool: PlanningPool): readonly CapacityClass[] {
  const byKey = new Map<string, number[]>();
  for (let node = 0; node < pool.count; node += 1) {
    if (pool.holdsAll[node] === 1 || intAt(pool.plain, node) === 0) continue;
    const key = `${intAt(pool.plain, node)} ${intAt(pool.first, node)} ${intAt(pool.last, node)}`;
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [node]);
    else known.push(node);
  }
  return [...byKey.values()]
    .map((nodes) => ({
      plain: intAt(pool.plain, nodes[0] ?? 0),
      first: intAt(pool.first, nodes[0] ?? 0),
      last: intAt(pool.last, nodes[0] ?? 0),
      nodes: nodes.toSorted((a, b) => (pool.cellMs[a] ?? 0) - (pool.cellMs[b] ?? 0) || a - b),
    }))
    .toSorted((a, b) => b.plain - a.plain || b.first - a.first || b.last - a.last);
}

function patternsBy(
  cellCount: number,
  classes: readonly CapacityClass[],
  growBy: 'large' | 'small',
): PipelinePattern[] {
  const left = classes.map(({nodes}) => nodes.length);
  const take = (at: number) => {
    left[at] = (left[at] ?? 0) - 1;
    return at;
  };
  const patterns: PipelinePattern[] = [];
  for (;;) {
    const largest = left.findIndex((count) => count > 0);
    if (largest < 0) return patterns;
    const pattern = [take(largest)];
    let closer = -1;
    while (closer < 0 && pattern.length < cellCount) {
      closer = smallestCloser(cellCount, classes, left, pattern);
      if (closer >= 0) break;
      const more =
        growBy === 'large'
          ? left.findIndex((count) => count > 0)
          : left.findLastIndex((count) => count > 0);
      if (more < 0) return patterns;
      pattern.push(take(more));
    }
    if (closer < 0) return patterns;
    patterns.push([...pattern, take(closer)]);
  }
}

function smallestCloser(
  cellCount: number,
  classes: readonly CapacityClass[],
  left: readonly number[],
  pattern: PipelinePattern,
): number {
  const room = roomWithOneMore(classes, pattern);
  for (let at = classes.length - 1; at >= 0; at -= 1) {
    const closer = classes[at];
    if (closer === undefined || (left[at] ?? 0) === 0) continue;
    if (room(closer) >= cellCount) return at;
  }
  return -1;
}

/**
 * Cells that fit a pattern and one node more, with the best head and tail; 0
 * when no stage can be an end. What the pattern itself gives is worked out once.
 */
function roomWithOneMore(
  classes: readonly CapacityClass[],
  pattern: PipelinePattern,
): (more: CapacityClass) => number {
  const members = pattern.flatMap((at) => classes[at] ?? []);
  const plainRoom = members.reduce((sum, {plain}) => sum + plain, 0);
  let headLoss = Infinity;
  let tailLoss = Infinity;
  let bothLoss = Infinity;
  for (const [h, head] of members.entries()) {
    headLoss = Math.min(headLoss, lossAt(head.plain, head.first));
    tailLoss = Math.min(tailLoss, lossAt(head.plain, head.last));
    for (const [t, tail] of members.entries()) {
      if (h === t) continue;
      const loss = lossAt(head.plain, head.first) + lossAt(tail.plain, tail.last);
      bothLoss = Math.min(bothLoss, loss);
    }
  }
  return ({plain, first, last}) => {
    const asHead = lossAt(plain, first) + tailLoss;
    const asTail = lossAt(plain, last) + headLoss;
    return Math.max(0, plainRoom + plain - Math.min(bothLoss, asHead, asTail));
  };
}

function lossAt(plain: number, atEnd: number): number {
  return atEnd < 1 ? Infinity : plain - atEnd;
}
