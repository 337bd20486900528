import * as z from 'zod';
import {asPeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {
  DEFAULT_TARGET,
  type AllocationTarget,
} from '../../scheduling/allocation/allocation-target.ts';
import {
  snapshotOfNodes,
  type SnapshotNode,
  type SwarmSnapshot,
} from '../../scheduling/swarm-snapshot.ts';

const layers = z.number().catch(NaN);

const poolNodeSchema = z.object({
  id: z.string().min(1),
  capacityLayers: z.object({plain: layers, first: layers, last: layers, both: layers}),
  /** A number is that of a node that runs its sessions one after the other. */
  decodeMsPerLayer: z.union([
    z.number(),
    z.object({fixedMs: z.number(), perSessionMs: z.number()}),
  ]),
  hopOverheadMs: z.number().default(0),
  maxSessions: z.number().default(8),
  coords: z.array(z.number()).optional(),
  /** Added to every round trip that `coords` predict: the access link of the node. */
  heightMs: z.number().nonnegative().default(0),
});

const poolSchema = z.object({
  model: z.object({
    layerCount: z.int().positive().max(1000),
    cutEvery: z.int().positive().default(1),
  }),
  target: z.object({alpha: z.number().nonnegative()}).default(DEFAULT_TARGET),
  nodes: z.array(z.unknown()),
  rttMs: z.record(z.string(), z.unknown()).default({}),
});

export type Pool = {
  readonly model: CutGrid;
  readonly target: AllocationTarget;
  readonly snapshot: SwarmSnapshot;
  /** Positions in `snapshot.nodes`, in the order of the file. */
  readonly joinOrder: readonly number[];
  /** Entries of `nodes` that no plan can use: their ids as far as they have one. */
  readonly impossible: readonly string[];
};

/**
 * Reads a pool file (see `poolSchema`). Nodes whose numbers cannot be
 * calculated with are set aside, not refused.
 *
 * @throws {z.ZodError} when the model, the target or the list of nodes is missing.
 */
export function parsePool(json: unknown): Pool {
  const {model, target, nodes, rttMs} = poolSchema.parse(json);
  const rttsOf = new Map(Object.entries(rttMs));
  const read: SnapshotNode[] = [];
  const impossible: string[] = [];
  const seen = new Set<string>();
  for (const raw of nodes) {
    const result = poolNodeSchema.safeParse(raw);
    if (result.success && !seen.has(result.data.id)) {
      seen.add(result.data.id);
      read.push(nodeOf(result.data, rttsOf.get(result.data.id)));
    } else impossible.push(idOf(raw));
  }
  const snapshot = snapshotOfNodes(read, 0);
  for (const {nodeId} of read) if (!snapshot.indexOf.has(nodeId)) impossible.push(nodeId);
  const joinOrder = read.flatMap(({nodeId}) => snapshot.indexOf.get(nodeId) ?? []);
  return {model, target, snapshot, joinOrder, impossible};
}

function idOf(raw: unknown): string {
  return z.object({id: z.string()}).safeParse(raw).data?.id ?? '?';
}

function nodeOf(node: z.infer<typeof poolNodeSchema>, rtts: unknown): SnapshotNode {
  const {decodeMsPerLayer, coords, heightMs} = node;
  return {
    nodeId: asPeerId(node.id),
    capacityLayers: node.capacityLayers,
    decodeMsPerLayer:
      typeof decodeMsPerLayer === 'number'
        ? {fixedMs: 0, perSessionMs: decodeMsPerLayer}
        : decodeMsPerLayer,
    prefillMsPerTokenLayer: 0,
    hopOverheadMs: node.hopOverheadMs,
    maxSessions: node.maxSessions,
    engineClass: 'pool',
    shards: [],
    claim: null,
    openSessions: 0,
    kvTokensFree: Infinity,
    kvTokens: null,
    uplinkBytesPerSec: null,
    rtts: measuredRtts(rtts),
    coords: coords === undefined ? null : {at: coords, heightMs, errorMs: 0},
    unreachable: [],
  };
}

function measuredRtts(rtts: unknown): SnapshotNode['rtts'] {
  if (typeof rtts !== 'object' || rtts === null) return [];
  return Object.entries(rtts).flatMap(([id, rttMs]: [string, unknown]) =>
    typeof rttMs === 'number' ? [{peerId: asPeerId(id), rttMs}] : [],
  );
}
