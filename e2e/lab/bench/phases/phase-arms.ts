import type {CutGrid} from '#shared/model/cut-grid.ts';
import {ALLOCATION_HEURISTICS} from '#shared/lab/allocation/allocation-heuristics.ts';
import {DEFAULT_TARGET} from '#shared/scheduling/allocation/allocation-target.ts';
import type {Pipeline} from '#shared/scheduling/allocation/plan.ts';
import {planningPoolOf} from '#shared/scheduling/allocation/planning-pool.ts';
import {snapshotOfNodes} from '#shared/scheduling/swarm-snapshot.ts';
import {snapshotNode} from '#shared/testing/snapshot-node.ts';
import {asPeerId} from '#shared/base/ids.ts';

/** A tab as it joins. */
export type JoiningTab = {
  readonly maxLayers: number;
  /** One token of one session through one layer. */
  readonly layerMs: number;
};

/** One way to place layers and to choose chains. */
export type PhaseArm = {
  readonly name: string;
  /** Tabs that serve together. Pipelines that a planner has fixed are a swarm each, so that nothing is left to decide in it. */
  readonly swarms: readonly (readonly JoiningTab[])[];
  /** Which of the swarms is asked: each in turn, or the one whose step is predicted to take the least. */
  readonly asks: 'in-turn' | 'fastest';
};

/** The product, whose tabs decide both; the paper's two phases; what Parallax's code does; and neither phase. */
export function phaseArms(
  tabs: readonly JoiningTab[],
  {grid, rttMs}: {readonly grid: CutGrid; readonly rttMs: number},
): readonly PhaseArm[] {
  const question = questionOf(tabs, {grid, rttMs});
  const planned = (name: 'paper-dp' | 'parallax' | 'in-turn') =>
    ALLOCATION_HEURISTICS[name](question).pipelines.map((pipeline) => tabsOf(pipeline, tabs));
  return [
    {name: 'both phases', swarms: [tabs], asks: 'in-turn'},
    {name: "the paper's phases", swarms: planned('paper-dp'), asks: 'fastest'},
    {name: "Parallax's code, in turn", swarms: planned('parallax'), asks: 'in-turn'},
    {name: 'neither phase, in turn', swarms: planned('in-turn'), asks: 'in-turn'},
  ];
}

function questionOf(
  tabs: readonly JoiningTab[],
  {grid, rttMs}: {readonly grid: CutGrid; readonly rttMs: number},
) {
  const names = tabs.map((_, at) => String(at));
  const nodes = tabs.map(({maxLayers, layerMs}, at) =>
    snapshotNode(String(at), {
      capacityLayers: {plain: maxLayers, first: maxLayers, last: maxLayers, both: maxLayers},
      decodeMsPerLayer: {fixedMs: 0, perSessionMs: layerMs},
      rtts: names.filter((_, other) => other !== at).map((id) => ({peerId: asPeerId(id), rttMs})),
    }),
  );
  const snapshot = snapshotOfNodes(nodes, 0);
  return {
    pool: planningPoolOf(snapshot, grid),
    target: DEFAULT_TARGET,
    joinOrder: names.flatMap((id) => snapshot.indexOf.get(asPeerId(id)) ?? []),
  };
}

/** The tabs of one pipeline, each with room for its layers and no more. */
function tabsOf({stages}: Pipeline, tabs: readonly JoiningTab[]): readonly JoiningTab[] {
  return stages.flatMap(({nodeId, startLayer, endLayer}) => {
    const tab = tabs[Number(nodeId)];
    return tab === undefined ? [] : [{...tab, maxLayers: endLayer - startLayer}];
  });
}
