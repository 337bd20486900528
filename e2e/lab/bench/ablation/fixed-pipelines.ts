import type {PeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {shardOf} from '#shared/scheduling/allocation/fitting-range.ts';
import type {Pipeline} from '#shared/scheduling/allocation/plan.ts';
import {planningPoolOf, type PlanningPool} from '#shared/scheduling/allocation/planning-pool.ts';
import {snapshotOfNodes, type PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import {snapshotNode} from '#shared/testing/snapshot-node.ts';
import type {MemberNode} from '#shared/lab/virtual-swarm/swarm-script.ts';

/** Pipelines that a planner makes of a pool, its nodes in the order of joining. */
export type PlanPipelines = (
  pool: PlanningPool,
  joinOrder: readonly number[],
) => readonly Pipeline[];

/**
 * Membership as Parallax's scheduler has it (commit 162354a): a pipeline that
 * loses a node is dissolved, its other nodes wait, and each join or
 * departure forms new pipelines from those that wait. Only when no pipeline is
 * left is everything planned again.
 */
export class FixedPipelines {
  readonly #grid: CutGrid;
  readonly #plan: PlanPipelines;
  #pipelines: readonly Pipeline[];

  constructor(grid: CutGrid, plan: PlanPipelines, first: readonly Pipeline[]) {
    this.#grid = grid;
    this.#plan = plan;
    this.#pipelines = first;
  }

  replan(nodes: readonly MemberNode[]): ReadonlyMap<PeerId, PlacedShard> {
    const living = new Set(nodes.map(({id}) => id));
    const whole = this.#pipelines.filter(({stages}) =>
      stages.every(({nodeId}) => living.has(nodeId)),
    );
    const used = new Set(whole.flatMap(({stages}) => stages.map(({nodeId}) => nodeId)));
    const made = this.#planAmong(nodes.filter(({id}) => !used.has(id)));
    const kept = [...whole, ...made];
    this.#pipelines = kept.length > 0 ? kept : this.#planAmong(nodes);
    return shardsOf(this.#grid, this.#pipelines);
  }

  #planAmong(nodes: readonly MemberNode[]): readonly Pipeline[] {
    const snapshot = snapshotOfNodes(
      nodes.map(({id, facts}) =>
        snapshotNode(id, {
          capacityLayers: facts.capacityLayers,
          decodeMsPerLayer: facts.cost.decodeMsPerLayer,
          hopOverheadMs: facts.cost.hopOverheadMs,
          coords: facts.coords,
        }),
      ),
      0,
    );
    const joinOrder = nodes.flatMap(({id}) => snapshot.indexOf.get(id) ?? []);
    return this.#plan(planningPoolOf(snapshot, this.#grid), joinOrder);
  }
}

function shardsOf(grid: CutGrid, pipelines: readonly Pipeline[]): ReadonlyMap<PeerId, PlacedShard> {
  return new Map(
    pipelines.flatMap(({stages}) =>
      stages.map(
        ({nodeId, startLayer, endLayer}) => [nodeId, shardOf(grid, startLayer, endLayer)] as const,
      ),
    ),
  );
}
