import type {AllocationTarget} from '../../scheduling/allocation/allocation-target.ts';
import type {PlanningPool} from '../../scheduling/allocation/planning-pool.ts';

/** What every way to allocate is asked. */
export type AllocationQuestion = {
  readonly pool: PlanningPool;
  readonly target: AllocationTarget;
  /** Positions in the pool in the order in which the nodes joined: only Parallax looks at it. */
  readonly joinOrder: readonly number[];
};
