import {intAt} from '../../table-access.ts';
import type {PlanningPool} from '../planning-pool.ts';

/**
 * Nodes with room for the same numbers of cells: all that counts before the network does. With
 * room for none but the last, short one (`plain` 0, `last` 1) they are tails and nothing else.
 */
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
    if (pool.holdsAll[node] === 1 || intAt(pool.most, node) === 0) continue;
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
  const canGrow = (count: number, at: number) => count > 0 && (classes[at]?.plain ?? 0) > 0;
  const take = (at: number) => {
    left[at] = (left[at] ?? 0) - 1;
    return at;
  };
  const patterns: PipelinePattern[] = [];
  for (;;) {
    const largest = left.findIndex(canGrow);
    if (largest < 0) return patterns;
    const pattern = new GrowingPattern(classes);
    pattern.add(take(largest));
    let closer = -1;
    while (closer < 0 && pattern.members.length < cellCount) {
      closer = smallestCloser(cellCount, classes, left, pattern);
      if (closer >= 0) break;
      const more = growBy === 'large' ? left.findIndex(canGrow) : left.findLastIndex(canGrow);
      if (more < 0) return patterns;
      pattern.add(take(more));
    }
    if (closer < 0) return patterns;
    patterns.push([...pattern.members, take(closer)]);
  }
}

function smallestCloser(
  cellCount: number,
  classes: readonly CapacityClass[],
  left: readonly number[],
  pattern: GrowingPattern,
): number {
  for (let at = classes.length - 1; at >= 0; at -= 1) {
    const closer = classes[at];
    if (closer === undefined || (left[at] ?? 0) === 0) continue;
    if (pattern.cellsWith(closer) >= cellCount) return at;
  }
  return -1;
}

/** A pattern before it is closed. What its members give is kept, so that a node more costs O(1). */
class GrowingPattern {
  readonly members: number[] = [];
  readonly #classes: readonly CapacityClass[];
  #plainCells = 0;
  /** The least that the best head, the best tail, and the best two for both take away. */
  #headLoss = Infinity;
  #tailLoss = Infinity;
  #bothLoss = Infinity;

  constructor(classes: readonly CapacityClass[]) {
    this.#classes = classes;
  }

  /** @param at position of a class. */
  add(at: number): void {
    this.members.push(at);
    const more = this.#classes[at];
    if (more === undefined) return;
    this.#bothLoss = this.#bothLossWith(more);
    this.#headLoss = Math.min(this.#headLoss, lossAt(more.plain, more.first));
    this.#tailLoss = Math.min(this.#tailLoss, lossAt(more.plain, more.last));
    this.#plainCells += more.plain;
  }

  /** Cells that fit these nodes and one more, with the best head and tail; 0 when no stage can be an end. */
  cellsWith(more: CapacityClass): number {
    if (more.plain === 0) return Math.max(0, this.#plainCells + more.last - this.#headLoss);
    return Math.max(0, this.#plainCells + more.plain - this.#bothLossWith(more));
  }

  #bothLossWith({plain, first, last}: CapacityClass): number {
    const asHead = lossAt(plain, first) + this.#tailLoss;
    const asTail = lossAt(plain, last) + this.#headLoss;
    return Math.min(this.#bothLoss, asHead, asTail);
  }
}

function lossAt(plain: number, atEnd: number): number {
  return atEnd < 1 ? Infinity : plain - atEnd;
}
