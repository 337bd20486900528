import type {PeerId} from '#shared/base/ids.ts';
import {
  networkDistances,
  type MeasuredRtt,
  type NetworkCoordinates,
  type RttMs,
} from './network-distances.ts';

/** Layers that fit a node: in the middle, with the embedding, with the LM head, with both. */
export type CapacityLayers = {
  readonly plain: number;
  readonly first: number;
  readonly last: number;
  readonly both: number;
};

/** Layers `[startLayer, endLayer)` on one node, and which ends of the model go with them. */
export type PlacedShard = {
  readonly startLayer: number;
  readonly endLayer: number;
  readonly embedding: boolean;
  readonly lmHead: boolean;
};

/** Layers that a node claims to be loading. */
export type PlacementClaim = PlacedShard & {
  readonly epoch: number;
  readonly claimedAtMs: number;
};

/** A decode step of several sessions that runs as one takes `fixedMs + perSessionMs × sessions`. */
export type BatchMs = {readonly fixedMs: number; readonly perSessionMs: number};

/** One node as both phases see it: facts from its own record (or a pool file), checked. */
export type SnapshotNode = {
  readonly nodeId: PeerId;
  readonly capacityLayers: CapacityLayers;
  readonly decodeMsPerLayer: BatchMs;
  readonly prefillMsPerTokenLayer: number;
  /** Frame in to frame out with zero layers. */
  readonly hopOverheadMs: number;
  /** The part of it that the steps of several sessions take once, when they run as one; absent: none. */
  readonly hopFixedMs?: number | undefined;
  /** What phase 1 reads of both in place of them (`steady-speed.ts`); absent in pool files. */
  readonly steady?: {readonly decodeMsPerLayer: number; readonly hopOverheadMs: number} | null;
  readonly maxSessions: number;
  readonly engineClass: string;
  /** Served now. */
  readonly shards: readonly PlacedShard[];
  /** Being loaded; `null` while nothing is. */
  readonly claim: PlacementClaim | null;
  readonly openSessions: number;
  /** `Infinity` when the source does not say (pool files). */
  readonly kvTokensFree: number;
  /** The whole cache; `null` when the source does not say. */
  readonly kvTokens: number | null;
  /** How fast pieces of a prompt go out; `null` while that is not known. */
  readonly uplinkBytesPerSec: number | null;
  /** When the node published this: its record's `seq`; absent in pool files. */
  readonly publishedAtMs?: number;
  /** Round trips that this node measured itself. */
  readonly rtts: readonly MeasuredRtt[];
  readonly coords: NetworkCoordinates | null;
  /** Peers that this node cannot reach. */
  readonly unreachable: readonly PeerId[];
};

/** One immutable picture of a swarm: the only input of both phases. */
export type SwarmSnapshot = {
  readonly takenAtMs: number;
  /** Sorted by `nodeId` (code units), each id once. */
  readonly nodes: readonly SnapshotNode[];
  /**
   * The index of a node in `nodes`. The same object in snapshots that differ in load only
   * (see `isSameLayout`): what was worked out for one of them holds for the others.
   */
  readonly indexOf: ReadonlyMap<PeerId, number>;
  /** Round trip between two nodes, by their positions in `nodes`. */
  readonly rttMs: RttMs;
};

/** What a record must contain to become a node; `shared/protocol`'s node record fits. */
export type SnapshotRecord = Omit<SnapshotNode, 'nodeId' | 'coords' | 'publishedAtMs'> & {
  readonly peerId: PeerId;
  readonly seq: number;
  readonly expiresAtMs: number;
  readonly coords?: NetworkCoordinates | null | undefined;
};

/**
 * All live records as one snapshot: expired and impossible ones dropped, the
 * highest `seq` of each peer kept, sorted by id, so that the order in which
 * records arrived has no influence. O(N log N + RTTs).
 *
 * @param previous a snapshot of the same swarm: when nothing but load has changed since, distances
 *   and whatever else is kept by `indexOf` need not be worked out again. It has no other influence.
 */
export function snapshotOf(
  records: Iterable<SnapshotRecord>,
  nowMs: number,
  previous: SwarmSnapshot | null = null,
): SwarmSnapshot {
  const newest = new Map<PeerId, SnapshotRecord>();
  for (const record of records) {
    const known = newest.get(record.peerId);
    if (known === undefined || isNewer(record, known)) newest.set(record.peerId, record);
  }
  const nodes: SnapshotNode[] = [];
  for (const record of newest.values()) {
    if (record.expiresAtMs <= nowMs || record.expiresAtMs <= record.seq) continue;
    const node = nodeOf(record);
    if (node !== null) nodes.push(node);
  }
  return sortedSnapshot(nodes, nowMs, previous);
}

/** A snapshot of nodes with unique ids, as a pool file gives them; impossible ones are dropped. */
export function snapshotOfNodes(
  unsorted: readonly SnapshotNode[],
  takenAtMs: number,
  previous: SwarmSnapshot | null = null,
): SwarmSnapshot {
  return sortedSnapshot(unsorted.filter(isSensible), takenAtMs, previous);
}

function sortedSnapshot(
  unsorted: readonly SnapshotNode[],
  takenAtMs: number,
  previous: SwarmSnapshot | null,
): SwarmSnapshot {
  const nodes = unsorted.toSorted((a, b) => compareIds(a.nodeId, b.nodeId));
  if (previous !== null && isSameLayout(previous.nodes, nodes)) {
    return {takenAtMs, nodes, indexOf: previous.indexOf, rttMs: previous.rttMs};
  }
  const indexOf = new Map(nodes.map((node, index) => [node.nodeId, index]));
  return {takenAtMs, nodes, indexOf, rttMs: networkDistances(nodes, indexOf)};
}

/** When the record of a node was published; `null` for one that is not in the snapshot. */
export function publishedAtMs({nodes, indexOf}: SwarmSnapshot, nodeId: PeerId): number | null {
  const node = nodes[indexOf.get(nodeId) ?? -1];
  return node === undefined ? null : (node.publishedAtMs ?? 0);
}

/** Whether two lists of nodes differ at most in load, claims and age. */
function isSameLayout(before: readonly SnapshotNode[], after: readonly SnapshotNode[]): boolean {
  return (
    before.length === after.length &&
    before.every((node, at) => {
      const other = after[at];
      return other !== undefined && (node === other || isSamePlace(node, other));
    })
  );
}

function isSamePlace(a: SnapshotNode, b: SnapshotNode): boolean {
  return (
    a.nodeId === b.nodeId &&
    a.decodeMsPerLayer.fixedMs === b.decodeMsPerLayer.fixedMs &&
    a.decodeMsPerLayer.perSessionMs === b.decodeMsPerLayer.perSessionMs &&
    a.hopOverheadMs === b.hopOverheadMs &&
    a.hopFixedMs === b.hopFixedMs &&
    isSameData(a.shards, b.shards) &&
    isSameData(a.coords, b.coords) &&
    isSameData(a.rtts, b.rtts) &&
    isSameData(a.unreachable, b.unreachable)
  );
}

/** Small plain data of one schema: its fields come in one order. */
function isSameData(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** The order of ids everywhere in scheduling: by code units, as no locale changes it. */
function compareIds(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** No time of a node is longer, an hour, and nothing that it counts is more: sums and their cubes stay finite. */
export const MOST_MS = 3_600_000;
const MOST_COUNT = 1_000_000;

/** Whether the numbers of a node can be calculated with. */
function isSensible(node: SnapshotNode): boolean {
  const {capacityLayers, claim} = node;
  const {plain, first, last, both} = capacityLayers;
  const counts = [plain, first, last, both, node.openSessions];
  return (
    counts.every((count) => count >= 0 && count <= MOST_COUNT) &&
    timesOf(node).every((ms) => ms >= 0 && ms <= MOST_MS) &&
    node.maxSessions >= 0 &&
    node.kvTokensFree >= 0 &&
    (node.kvTokens ?? 0) >= 0 &&
    [...node.shards, ...(claim === null ? [] : [claim])].every(isSensibleShard)
  );
}

function timesOf({decodeMsPerLayer, steady, ...node}: SnapshotNode): readonly number[] {
  return [
    decodeMsPerLayer.fixedMs,
    decodeMsPerLayer.perSessionMs,
    node.prefillMsPerTokenLayer,
    node.hopOverheadMs,
    node.hopFixedMs ?? 0,
    steady?.decodeMsPerLayer ?? 0,
    steady?.hopOverheadMs ?? 0,
  ];
}

function isSensibleShard({startLayer, endLayer}: PlacedShard): boolean {
  return (
    Number.isInteger(startLayer) &&
    Number.isInteger(endLayer) &&
    startLayer >= 0 &&
    endLayer > startLayer &&
    endLayer <= MOST_COUNT
  );
}

/** Equal `seq` from one peer is a broken peer: any rule will do, as long as order has no say. */
function isNewer(record: SnapshotRecord, known: SnapshotRecord): boolean {
  if (record === known) return false;
  if (record.seq !== known.seq) return record.seq > known.seq;
  return compareIds(JSON.stringify(record), JSON.stringify(known)) < 0;
}

/** A record is read once, however many snapshots it is part of. */
const nodeOfKnown = new WeakMap<SnapshotRecord, SnapshotNode | null>();

/** The node that a record describes, or `null` when its numbers cannot be calculated with. */
function nodeOf(record: SnapshotRecord): SnapshotNode | null {
  let node = nodeOfKnown.get(record);
  if (node === undefined) {
    const read = nodeOfRecord(record);
    node = isSensible(read) ? read : null;
    nodeOfKnown.set(record, node);
  }
  return node;
}

function nodeOfRecord(record: SnapshotRecord): SnapshotNode {
  return {
    nodeId: record.peerId,
    capacityLayers: record.capacityLayers,
    decodeMsPerLayer: record.decodeMsPerLayer,
    prefillMsPerTokenLayer: record.prefillMsPerTokenLayer,
    hopOverheadMs: record.hopOverheadMs,
    hopFixedMs: record.hopFixedMs,
    steady: record.steady ?? null,
    maxSessions: record.maxSessions,
    engineClass: record.engineClass,
    shards: record.shards,
    claim: record.claim,
    openSessions: record.openSessions,
    kvTokensFree: record.kvTokensFree,
    kvTokens: record.kvTokens,
    uplinkBytesPerSec: record.uplinkBytesPerSec,
    publishedAtMs: record.seq,
    rtts: record.rtts,
    coords: record.coords ?? null,
    unreachable: record.unreachable,
  };
}
