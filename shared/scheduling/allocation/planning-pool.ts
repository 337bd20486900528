import type {CutGrid} from '#shared/model/cut-grid.ts';
import {batchMs, fullBatchOf, linkMs} from '../cost-model.ts';
import {intAt, realAt} from '../table-access.ts';
import type {SwarmSnapshot} from '../swarm-snapshot.ts';

/** How many of the nearest nodes each node knows: the search looks no further. */
const NEIGHBOURS = 24;

/**
 * What forming pipelines asks of a snapshot, in arrays by the node's position.
 * Layers are counted in cells of the cut grid here; a cell that is shorter
 * than the others is the last one, on the tail.
 */
export type PlanningPool = {
  readonly snapshot: SwarmSnapshot;
  readonly grid: CutGrid;
  readonly count: number;
  readonly cellCount: number;
  /** Cells that fit: in the middle, with the embedding, with the LM head, with both. Uncapped: a planner may count on more. */
  readonly plain: Int32Array;
  readonly first: Int32Array;
  readonly last: Int32Array;
  readonly both: Int32Array;
  /** Cells that fit at most, wherever. More than `plain` where the last cell is short enough: on the tail. */
  readonly most: Int32Array;
  /** 1 where the whole model fits one node. */
  readonly holdsAll: Uint8Array;
  /** One decode step of one session through one cell. */
  readonly cellMs: Float64Array;
  /** The same with as many sessions as run as one, for each of them: what a token costs a node that is busy. */
  readonly batchedCellMs: Float64Array;
  readonly hopMs: Float64Array;
  /** What a tail saves because the last cell is short. */
  readonly shortTailMs: Float64Array;
  /** One frame from a to b: `oneWayMs[a * count + b]`. */
  readonly oneWayMs: Float64Array;
  /** Nearest first: `neighbours[a * neighboursPerNode + k]`. */
  readonly neighbours: Int32Array;
  readonly neighboursPerNode: number;
};

export function planningPoolOf(snapshot: SwarmSnapshot, grid: CutGrid): PlanningPool {
  const {nodes} = snapshot;
  const {layerCount, cutEvery} = grid;
  const count = nodes.length;
  const cellCount = Math.ceil(layerCount / cutEvery);
  const shortLayers = cellCount * cutEvery - layerCount;
  const cells = (layers: number) => Math.floor(layers / cutEvery);
  const layerMs = nodes.map((node) => batchMs(node.decodeMsPerLayer, 1));
  const oneWayMs = oneWayTable(snapshot);
  const plain = Int32Array.from(nodes, ({capacityLayers}) => cells(capacityLayers.plain));
  const last = Int32Array.from(nodes, ({capacityLayers}) =>
    capacityLayers.last <= 0 ? 0 : cells(capacityLayers.last + shortLayers),
  );
  const neighboursPerNode = Math.max(0, Math.min(NEIGHBOURS, count - 1));
  return {
    snapshot,
    grid,
    count,
    cellCount,
    plain,
    first: Int32Array.from(nodes, ({capacityLayers}) => cells(capacityLayers.first)),
    last,
    both: Int32Array.from(nodes, ({capacityLayers}) => cells(capacityLayers.both)),
    most: plain.map((fitting, node) => Math.max(fitting, intAt(last, node))),
    holdsAll: Uint8Array.from(nodes, ({capacityLayers}) =>
      capacityLayers.both >= layerCount ? 1 : 0,
    ),
    cellMs: Float64Array.from(layerMs, (ms) => ms * cutEvery),
    batchedCellMs: Float64Array.from(nodes, (node) => {
      const sessions = fullBatchOf(node);
      return (batchMs(node.decodeMsPerLayer, sessions) / sessions) * cutEvery;
    }),
    hopMs: Float64Array.from(nodes, ({hopOverheadMs}) => hopOverheadMs),
    shortTailMs: Float64Array.from(layerMs, (ms) => ms * shortLayers),
    oneWayMs,
    neighbours: nearestTable(oneWayMs, count, neighboursPerNode),
    neighboursPerNode,
  };
}

function oneWayTable({nodes, rttMs}: SwarmSnapshot): Float64Array {
  const count = nodes.length;
  const table = new Float64Array(count * count);
  for (let a = 0; a < count; a += 1) {
    for (let b = 0; b < count; b += 1) {
      // A pair that cannot talk is dear, not infinite: sums stay comparable.
      table[a * count + b] = a === b ? 0 : Math.min(linkMs(rttMs(a, b)), 1e6);
    }
  }
  return table;
}

/** For each node the nearest others, nearest first, ties by position: insertion into short lists. */
function nearestTable(oneWayMs: Float64Array, count: number, perNode: number): Int32Array {
  const table = new Int32Array(count * perNode);
  const nearestMs = new Float64Array(perNode);
  for (let a = 0; a < count; a += 1) {
    const first = a * perNode;
    let known = 0;
    for (let b = 0; b < count; b += 1) {
      const ms = realAt(oneWayMs, a * count + b);
      if (b === a || (known === perNode && ms >= realAt(nearestMs, perNode - 1))) continue;
      let at = known < perNode ? known : perNode - 1;
      for (; at > 0 && realAt(nearestMs, at - 1) > ms; at -= 1) {
        nearestMs[at] = realAt(nearestMs, at - 1);
        table[first + at] = intAt(table, first + at - 1);
      }
      nearestMs[at] = ms;
      table[first + at] = b;
      if (known < perNode) known += 1;
    }
  }
  return table;
}
