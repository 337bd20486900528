import {asPeerId, type PeerId} from '#shared/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {DEFAULT_TARGET} from '#shared/scheduling/phase-1-allocation/allocation-target.ts';
import {
  CLAIM_SETTLE_MS,
  decidePlacement,
} from '#shared/scheduling/phase-1-allocation/decide-placement.ts';
import {
  snapshotOf,
  type PlacedShard,
  type PlacementClaim,
  type SnapshotRecord,
  type SwarmSnapshot,
} from '#shared/scheduling/swarm-snapshot.ts';
import type {VirtualDirectory} from './virtual-directory.ts';

export const RECORD_TTL_MS = 30_000;
const RECORD_REFRESH_MS = RECORD_TTL_MS / 3;
const LOAD_MS_PER_LAYER = 300;

/** Facts of a node that do not change; its record is made of them and of its state. */
export type VirtualNodeFacts = Omit<
  SnapshotRecord,
  'seq' | 'expiresAtMs' | 'shards' | 'claim' | 'peerId' | 'openSessions'
> & {readonly id: string; readonly clockSkewMs: number};

/** What a node did, for the report. */
export type NodeLog = {
  claims: number;
  /** Loads begun and given up. */
  abandonedLoads: number;
  /** Changes of a range that was served already. */
  moves: number;
  /** Layers loaded by moves: those that it did not hold before. */
  reloadedLayers: number;
};

/** One tab of the virtual swarm: the product's own decisions, a cost model for an engine. */
export class VirtualNode {
  readonly id: PeerId;
  readonly log: NodeLog = {claims: 0, abandonedLoads: 0, moves: 0, reloadedLayers: 0};
  shards: readonly PlacedShard[] = [];
  openSessions = 0;
  readonly #facts: VirtualNodeFacts;
  readonly #grid: CutGrid;
  #claim: PlacementClaim | null = null;
  #loadedAtMs = Infinity;
  #epoch = 0;
  #seq = 0;
  #publishedMs = -Infinity;

  constructor(facts: VirtualNodeFacts, grid: CutGrid) {
    this.id = asPeerId(facts.id);
    this.#facts = facts;
    this.#grid = grid;
  }

  /** Whether it waits for a place or loads one, and so looks around often. */
  get isUnsettled(): boolean {
    return this.shards.length === 0 || this.#claim !== null;
  }

  /** One look around: refresh the record, see the swarm, decide, act. */
  step(directory: VirtualDirectory, nowMs: number): SwarmSnapshot {
    if (nowMs - this.#publishedMs >= RECORD_REFRESH_MS) this.#publish(directory, nowMs);
    const clockMs = nowMs + this.#facts.clockSkewMs;
    const snapshot = snapshotOf(directory.seenBy(this.id, nowMs), clockMs);
    const model = this.#grid;
    const decision = decidePlacement({snapshot, model, self: this.id, target: DEFAULT_TARGET});
    if (decision.kind === 'claim') this.#startClaim(decision.shard, clockMs);
    if (decision.kind === 'withdraw') this.#withdraw();
    const changed = decision.kind === 'claim' || decision.kind === 'withdraw';
    if (this.#advance(nowMs, clockMs) || changed) this.#publish(directory, nowMs);
    return snapshot;
  }

  #startClaim(shard: PlacedShard, clockMs: number): void {
    this.#epoch += 1;
    this.log.claims += 1;
    this.#claim = {...shard, epoch: this.#epoch, claimedAtMs: Math.floor(clockMs)};
    this.#loadedAtMs = Infinity;
  }

  #withdraw(): void {
    if (this.#loadedAtMs !== Infinity) this.log.abandonedLoads += 1;
    this.#claim = null;
    this.#loadedAtMs = Infinity;
  }

  /** Starts loading once the claim has settled; serves once loaded. True when the record changed. */
  #advance(nowMs: number, clockMs: number): boolean {
    const claim = this.#claim;
    if (claim === null || clockMs - claim.claimedAtMs < CLAIM_SETTLE_MS) return false;
    const missing = newLayers(this.shards, claim);
    if (this.#loadedAtMs === Infinity) this.#loadedAtMs = nowMs + missing * LOAD_MS_PER_LAYER;
    if (nowMs < this.#loadedAtMs) return false;
    if (this.shards.length > 0) {
      this.log.moves += 1;
      this.log.reloadedLayers += missing;
    }
    const {startLayer, endLayer, embedding, lmHead} = claim;
    this.shards = [{startLayer, endLayer, embedding, lmHead}];
    this.#claim = null;
    this.#loadedAtMs = Infinity;
    return true;
  }

  #publish(directory: VirtualDirectory, nowMs: number): void {
    const {id: _, clockSkewMs, ...facts} = this.#facts;
    const clockMs = Math.floor(nowMs + clockSkewMs);
    this.#publishedMs = nowMs;
    this.#seq = Math.max(this.#seq + 1, clockMs);
    directory.publish(
      {
        ...facts,
        peerId: this.id,
        seq: this.#seq,
        expiresAtMs: clockMs + RECORD_TTL_MS,
        shards: this.shards,
        claim: this.#claim,
        openSessions: this.openSessions,
      },
      nowMs,
    );
  }
}

function newLayers(shards: readonly PlacedShard[], next: PlacedShard): number {
  let count = 0;
  for (let layer = next.startLayer; layer < next.endLayer; layer += 1) {
    const isHeld = shards.some((shard) => layer >= shard.startLayer && layer < shard.endLayer);
    if (!isHeld) count += 1;
  }
  return count;
}
