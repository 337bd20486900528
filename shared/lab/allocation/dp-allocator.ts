import {intAt} from '../../scheduling/table-access.ts';
import type {PlanningPool} from '../../scheduling/allocation/planning-pool.ts';

/** What the DP chose, and whether it saw every number of pipelines. */
export type DpAllocation = {
  readonly sets: readonly (readonly number[])[];
  /** The number of pipelines at which the budget was spent; `null` when all were considered. */
  readonly gaveUpAt: number | null;
};

export type DpInput = {
  readonly pool: PlanningPool;
  /** The order in which the nodes are dealt out. */
  readonly order: readonly number[];
  /** What `pipelineCount` pipelines of `stageCount` stages in all are worth; the first best one wins. */
  readonly score: (pipelineCount: number, stageCount: number) => number;
  /** States that may be looked at, all numbers of pipelines together: the states grow exponentially. */
  readonly stateBudget: number;
};

/** Enough for about 16 mixed nodes, or 60 of one kind; a second or two. */
export const DP_STATE_BUDGET = 200_000;

/** What becomes of the next node: left out, the first of a pipeline, or put where so many cells are missing. */
type Move = 'skip' | 'open' | number;

type State = {
  readonly at: number;
  /** Cells missing in each open pipeline, ascending. */
  readonly residuals: readonly number[];
  readonly finished: number;
};

type Answer = {readonly stages: number; readonly move: Move};

const IMPOSSIBLE: Answer = {stages: Infinity, move: 'skip'};

/**
 * Parallax's DP allocator (`sched/layer_allocation.py:758-1015` at commit
 * 162354a; the paper's phase 1, arXiv 2509.26182, section 3): for each number k
 * of disjoint pipelines the least number of stages, over states (node, missing
 * cells of each open pipeline, finished), then the best k. RTT plays no part.
 * Exponential in the number of open pipelines: Parallax needs more than 30 s
 * from about 20 mixed nodes on, so here a budget of states ends it.
 */
export function allocateByDp({pool, order, score, stateBudget}: DpInput): DpAllocation {
  const cells = order.reduce((sum, node) => sum + intAt(pool.plain, node), 0);
  const most = Math.min(order.length, Math.floor(cells / pool.cellCount));
  const budget = {left: stateBudget};
  let best: {readonly worth: number; readonly sets: readonly (readonly number[])[]} | null = null;
  for (let pipelineCount = 1; pipelineCount <= most; pipelineCount += 1) {
    const search = new LeastStages(pool, order, pipelineCount, budget);
    const {stages} = search.answer({at: 0, residuals: [], finished: 0});
    if (budget.left <= 0) return {sets: best?.sets ?? [], gaveUpAt: pipelineCount};
    if (stages === Infinity) continue;
    const worth = score(pipelineCount, stages);
    if (best === null || worth > best.worth) best = {worth, sets: search.sets()};
  }
  return {sets: best?.sets ?? [], gaveUpAt: null};
}

/** The least stages with which a given number of pipelines can be made. */
class LeastStages {
  readonly #pool: PlanningPool;
  readonly #order: readonly number[];
  readonly #pipelineCount: number;
  readonly #budget: {left: number};
  /** Cells of this node and all behind it. */
  readonly #cellsFrom: readonly number[];
  readonly #known = new Map<string, Answer>();

  constructor(
    pool: PlanningPool,
    order: readonly number[],
    pipelineCount: number,
    budget: {left: number},
  ) {
    this.#pool = pool;
    this.#order = order;
    this.#pipelineCount = pipelineCount;
    this.#budget = budget;
    let cells = 0;
    const backwards = order.toReversed().map((node) => (cells += intAt(pool.plain, node)));
    this.#cellsFrom = [...backwards.toReversed(), 0];
  }

  answer(state: State): Answer {
    const {at, residuals, finished} = state;
    if (finished === this.#pipelineCount && residuals.length === 0) {
      return {stages: 0, move: 'skip'};
    }
    if (at === this.#order.length || !this.#canFinish(state)) return IMPOSSIBLE;
    const key = `${at}|${finished}|${residuals.join(' ')}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#budget.left -= 1;
    const answer = this.#budget.left <= 0 ? IMPOSSIBLE : this.#bestMove(state);
    this.#known.set(key, answer);
    return answer;
  }

  /** The node sets behind the answer. */
  sets(): readonly (readonly number[])[] {
    const done: (readonly number[])[] = [];
    const open: {missing: number; readonly nodes: number[]}[] = [];
    let state: State = {at: 0, residuals: [], finished: 0};
    for (const node of this.#order) {
      const {move} = this.answer(state);
      const next = this.#after(state, move);
      if (move !== 'skip') {
        const known = open.findIndex(({missing}) => missing === move);
        const [pipeline] = known < 0 ? [{nodes: []}] : open.splice(known, 1);
        const nodes = [...(pipeline?.nodes ?? []), node];
        const missing = this.#missingAfter(state.at, move);
        if (missing <= 0) done.push(nodes);
        else open.push({missing, nodes});
      }
      state = next;
    }
    return done;
  }

  #canFinish({at, residuals, finished}: State): boolean {
    const toOpen = this.#pipelineCount - finished - residuals.length;
    const missing = residuals.reduce((sum, cells) => sum + cells, 0);
    return (
      toOpen >= 0 &&
      (this.#cellsFrom[at] ?? 0) >= missing + toOpen * this.#pool.cellCount &&
      toOpen <= this.#order.length - at
    );
  }

  /** Strictly better moves win, so among equal ones a node is rather left out, as there. */
  #bestMove(state: State): Answer {
    let best: Answer = {stages: this.answer(this.#after(state, 'skip')).stages, move: 'skip'};
    const moves: Move[] = [...new Set(state.residuals)];
    if (this.#pipelineCount > state.finished + state.residuals.length) moves.push('open');
    for (const move of moves) {
      const stages = 1 + this.answer(this.#after(state, move)).stages;
      if (stages < best.stages) best = {stages, move};
    }
    return best;
  }

  #after({at, residuals, finished}: State, move: Move): State {
    if (move === 'skip') return {at: at + 1, residuals, finished};
    const without = move === 'open' ? -1 : residuals.indexOf(move);
    const others = residuals.filter((_, k) => k !== without);
    const missing = this.#missingAfter(at, move);
    if (missing <= 0) return {at: at + 1, residuals: others, finished: finished + 1};
    return {at: at + 1, residuals: [...others, missing].toSorted((a, b) => a - b), finished};
  }

  /** A tail that has no room for the LM head leaves its pipeline open; a single node is not charged for it. */
  #missingAfter(at: number, move: Move): number {
    const node = this.#order[at] ?? 0;
    if (move === 'skip') return 0;
    if (move === 'open') return this.#pool.cellCount - intAt(this.#pool.first, node);
    const missing = move - intAt(this.#pool.plain, node);
    return missing > 0 ? missing : move - intAt(this.#pool.last, node);
  }
}
