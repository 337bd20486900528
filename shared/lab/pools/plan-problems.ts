import type {CutGrid} from '#shared/model/cut-grid.ts';
import {isOnGrid} from '#shared/model/cut-grid.ts';
import {hopServiceMs, linkMs} from '#shared/scheduling/cost-model.ts';
import {capacityFor, shardOf} from '#shared/scheduling/allocation/fitting-range.ts';
import type {Pipeline, Plan} from '#shared/scheduling/allocation/plan.ts';
import type {SnapshotNode, SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';

/** Everything that is wrong with a plan, in words: coverage, capacity, grid, reuse, stated times. */
export function planProblems(plan: Plan, snapshot: SwarmSnapshot, grid: CutGrid): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const stage of [...plan.pipelines.flatMap(({stages}) => stages), ...plan.replicas]) {
    const shard = shardOf(grid, stage.startLayer, stage.endLayer);
    const room = capacityFor(nodeAt(snapshot, stage.nodeId).capacityLayers, shard);
    if (stage.endLayer - stage.startLayer > room) problems.push(`${stage.nodeId} over capacity`);
    if (!isOnGrid(grid, stage)) problems.push(`${stage.nodeId} off the grid`);
    if (seen.has(stage.nodeId)) problems.push(`${stage.nodeId} used twice`);
    seen.add(stage.nodeId);
  }
  for (const pipeline of plan.pipelines) {
    problems.push(...pipelineProblems(pipeline, snapshot, grid));
  }
  if (plan.missing.length > 0 !== (plan.pipelines.length === 0)) problems.push('missing is wrong');
  return problems;
}

function nodeAt({nodes}: SwarmSnapshot, id: string): SnapshotNode {
  const found = nodes.find(({nodeId}) => nodeId === id);
  if (found === undefined) throw new Error(`no node ${id}`);
  return found;
}

function pipelineProblems(
  {stages, stepMs}: Pipeline,
  snapshot: SwarmSnapshot,
  grid: CutGrid,
): string[] {
  const problems: string[] = [];
  let at = 0;
  let ms = 0;
  for (const [k, stage] of stages.entries()) {
    if (stage.startLayer !== at) problems.push(`hole before layer ${stage.startLayer}`);
    at = stage.endLayer;
    ms += hopServiceMs(nodeAt(snapshot, stage.nodeId), stage.endLayer - stage.startLayer);
    const next = stages[(k + 1) % stages.length] ?? stage;
    const a = snapshot.indexOf.get(stage.nodeId) ?? 0;
    const b = snapshot.indexOf.get(next.nodeId) ?? 0;
    ms += stages.length > 1 ? linkMs(snapshot.rttMs(a, b)) : 0;
  }
  if (at !== grid.layerCount) problems.push(`ends at layer ${at}`);
  if (Math.abs(ms - stepMs) > 1e-6) problems.push(`says ${stepMs} ms, takes ${ms} ms`);
  return problems;
}
