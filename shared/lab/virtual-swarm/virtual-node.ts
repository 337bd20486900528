import {asPeerId, type PeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {RECORD_REFRESH_MS, RECORD_TTL_MS, type NodeRecord} from '#shared/protocol/node-record.ts';
import type {NetworkCoordinates} from '#shared/scheduling/network-distances.ts';
import {LIVE_TARGET} from '#shared/scheduling/allocation/allocation-target.ts';
import {
  CLAIM_SETTLE_MS,
  decidePlacement,
  type PlacementDecision,
} from '#shared/scheduling/allocation/placement/decide-placement.ts';
import {
  snapshotOf,
  type CapacityLayers,
  type PlacedShard,
  type PlacementClaim,
  type SwarmSnapshot,
} from '#shared/scheduling/swarm-snapshot.ts';
import {buildRecord} from '../../testing/record-builder.ts';
import type {VirtualDirectory} from './virtual-directory.ts';
import {VirtualHop, type EngineCost} from './virtual-hop.ts';
import {START_MS, type VirtualTime} from './virtual-time.ts';
import type {VirtualWire} from './virtual-wire.ts';

/** What a node says of itself that is not so. */
export type Lie =
  /** Numbers that are none: no reader takes such a record. */
  | 'impossible'
  /** Ten times faster than it is. */
  | 'fast'
  /** Always idle. */
  | 'idle';

/** What does not change in the life of a node. */
export type VirtualNodeFacts = {
  readonly id: string;
  readonly cost: EngineCost;
  readonly capacityLayers: CapacityLayers;
  readonly coords: NetworkCoordinates;
  readonly maxSessions: number;
  readonly kvTokens: number;
  readonly clockSkewMs: number;
  readonly lie: Lie | null;
};

/** What a node did, for the report. */
export type NodeLog = {
  claims: number;
  /** Loads begun and given up. */
  abandonedLoads: number;
  /** Changes of a range that was served already. */
  moves: number;
  /** Layers loaded by moves: those that it did not hold before. */
  reloadedLayers: number;
  /** Layers loaded in all. */
  loadedLayers: number;
};

export type VirtualNodeOptions = {
  readonly facts: VirtualNodeFacts;
  readonly grid: CutGrid;
  readonly time: VirtualTime;
  readonly directory: VirtualDirectory;
  readonly wire: VirtualWire;
  /** Which observer of the directory this node is. */
  readonly observer: number;
  readonly contextTokens: number;
  /** Least time between two of its records. */
  readonly publishEveryMs: number;
  /** Called when it serves other layers than before. */
  readonly onServing: (node: VirtualNode, before: PlacedShard | null) => void;
};

const LOAD_MS_PER_LAYER = 300;
/** Between the first record and the first claim, as in a real tab. */
const LOOK_AROUND_MS = 1000;

/** One tab of the virtual swarm: the product's own records, decisions and hop; a cost model for an engine. */
export class VirtualNode {
  readonly id: PeerId;
  readonly facts: VirtualNodeFacts;
  readonly hop: VirtualHop;
  readonly log: NodeLog = {
    claims: 0,
    abandonedLoads: 0,
    moves: 0,
    reloadedLayers: 0,
    loadedLayers: 0,
  };
  readonly #options: VirtualNodeOptions;
  readonly #joinedMs: number;
  #planned: PlacedShard | null = null;
  #claim: PlacementClaim | null = null;
  /** When the load under way began; `null` while none is. */
  #loadingSinceMs: number | null = null;
  #epoch = 0;
  #record: NodeRecord | null = null;
  #seq = 0;
  #publishedMs = -Infinity;
  #isPublishing = false;
  #isGone = false;
  #isSpare = false;

  constructor(options: VirtualNodeOptions) {
    const {facts, time, wire, grid, contextTokens} = options;
    this.id = asPeerId(facts.id);
    this.facts = facts;
    this.#options = options;
    this.#joinedMs = time.nowMs;
    this.hop = new VirtualHop({
      time,
      wire,
      self: this.id,
      manifestHash: buildRecord().manifestHash,
      grid,
      contextTokens,
      cost: facts.cost,
      maxSessions: facts.maxSessions,
      kvTokens: facts.kvTokens,
      onChange: () => {
        this.#publishSoon();
      },
    });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** What its clock shows. */
  get clockMs(): number {
    return Math.floor(START_MS + this.#options.time.nowMs + this.facts.clockSkewMs);
  }

  /** When it published last, by its own clock. */
  get saidAtMs(): number {
    return this.#seq;
  }

  /** How eagerly it looks around. */
  get mood(): 'eager' | 'spare' | 'settled' {
    if (this.#claim !== null) return 'eager';
    if (this.hop.serving !== null) return 'settled';
    return this.#isSpare ? 'spare' : 'eager';
  }

  /** Publishes its first record; serves `shard` at once when one is given. */
  join(shard: PlacedShard | null): void {
    this.#planned = shard;
    this.hop.serve(shard);
    this.#publish();
  }

  leave({noticed, linkLossMs}: {readonly noticed: boolean; readonly linkLossMs: number}): void {
    const {directory, time} = this.#options;
    this.#isGone = true;
    this.hop.die(linkLossMs);
    if (noticed) directory.drop(this.id, time.nowMs);
  }

  /** One look around: see the swarm, decide, act. */
  lookAround(): SwarmSnapshot {
    const {nowMs} = this.#options.time;
    const {clockMs} = this;
    const snapshot = this.#see();
    if (nowMs - this.#joinedMs < LOOK_AROUND_MS) return snapshot;
    const decision = this.#decide(snapshot);
    this.#isSpare = decision.kind === 'spare';
    if (decision.kind === 'claim') this.#startClaim(decision.shard, clockMs);
    if (decision.kind === 'withdraw') this.#withdraw();
    this.#advance(clockMs);
    return snapshot;
  }

  #see(): SwarmSnapshot {
    const {time, directory, observer} = this.#options;
    const seen = directory.seenBy(observer, time.nowMs);
    if (this.#record !== null) seen.push(this.#record);
    return snapshotOf(seen, this.clockMs);
  }

  #decide(snapshot: SwarmSnapshot): PlacementDecision {
    const {grid} = this.#options;
    return decidePlacement({snapshot, model: grid, self: this.id, target: LIVE_TARGET});
  }

  /** What a central planner has told it to hold, served or loading. */
  get planned(): PlacedShard | null {
    return this.#planned;
  }

  /** Begins to hold what a central planner says, as Parallax's nodes do: what it held is dropped first. */
  obey(shard: PlacedShard | null): void {
    const {time} = this.#options;
    const before = this.hop.serving;
    if (isSameShard(this.#planned, shard)) return;
    this.#planned = shard;
    this.#epoch += 1;
    const epoch = this.#epoch;
    if (before !== null) this.#serve(null);
    if (shard === null) return;
    const missing = newLayers(before, shard);
    this.#countLoad(before, missing);
    time.after(missing * LOAD_MS_PER_LAYER, () => {
      if (this.#epoch === epoch && !this.#isGone) this.#serve(shard);
    });
  }

  #startClaim(shard: PlacedShard, clockMs: number): void {
    this.#epoch += 1;
    this.log.claims += 1;
    this.#loadingSinceMs = null;
    this.#claim = {...shard, epoch: this.#epoch, claimedAtMs: clockMs};
    this.#publishSoon();
  }

  #withdraw(): void {
    if (this.#loadingSinceMs !== null) this.log.abandonedLoads += 1;
    this.#claim = null;
    this.#loadingSinceMs = null;
    this.#publishSoon();
  }

  /** Starts to load once the claim has settled. */
  #advance(clockMs: number): void {
    const claim = this.#claim;
    const {time} = this.#options;
    if (claim === null || this.#loadingSinceMs !== null) return;
    if (clockMs - claim.claimedAtMs < CLAIM_SETTLE_MS) return;
    this.#loadingSinceMs = time.nowMs;
    const missing = newLayers(this.hop.serving, claim);
    time.after(missing * LOAD_MS_PER_LAYER, () => {
      if (this.#claim !== claim || this.#isGone) return;
      if (this.#decide(this.#see()).kind === 'withdraw') {
        this.#withdraw();
        return;
      }
      this.#countLoad(this.hop.serving, missing);
      this.#claim = null;
      this.#loadingSinceMs = null;
      const {startLayer, endLayer, embedding, lmHead} = claim;
      this.#serve({startLayer, endLayer, embedding, lmHead});
    });
  }

  #countLoad(before: PlacedShard | null, missing: number): void {
    this.log.loadedLayers += missing;
    if (before === null) return;
    this.log.moves += 1;
    this.log.reloadedLayers += missing;
  }

  #serve(shard: PlacedShard | null): void {
    const before = this.hop.serving;
    this.hop.serve(shard);
    this.#publishSoon();
    this.#options.onServing(this, before);
  }

  /** What changes together is one record, and records keep a least distance. */
  #publishSoon(): void {
    const {time, publishEveryMs} = this.#options;
    if (this.#isPublishing || this.#isGone) return;
    this.#isPublishing = true;
    time.at(this.#publishedMs + publishEveryMs, () => {
      this.#isPublishing = false;
      this.#publish();
    });
  }

  #publish(): void {
    if (this.#isGone) return;
    const {time, directory} = this.#options;
    const {nowMs} = time;
    this.#publishedMs = nowMs;
    this.#seq = Math.max(this.#seq + 1, this.clockMs);
    this.#record = directory.publish(this.#describe(), nowMs);
    time.after(RECORD_REFRESH_MS, () => {
      if (this.#publishedMs === nowMs) this.#publish();
    });
  }

  #describe(): NodeRecord {
    const {facts} = this;
    const {cost, lie} = facts;
    const serving = this.hop.serving;
    const factor = lie === 'fast' ? 0.1 : lie === 'impossible' ? NaN : 1;
    const load = this.hop.load;
    return buildRecord({
      peerId: this.id,
      seq: this.#seq,
      expiresAtMs: this.#seq + RECORD_TTL_MS,
      engineClass: 'virtual',
      capacityLayers: facts.capacityLayers,
      shards: serving === null ? [] : [serving],
      claim: this.#claim,
      decodeMsPerLayer: {
        fixedMs: cost.decodeMsPerLayer.fixedMs * factor,
        perSessionMs: cost.decodeMsPerLayer.perSessionMs * factor,
      },
      prefillMsPerTokenLayer: cost.prefillMsPerTokenLayer,
      hopOverheadMs: cost.hopOverheadMs,
      coords: facts.coords,
      maxSessions: facts.maxSessions,
      openSessions: lie === 'idle' ? 0 : load.openSessions,
      kvTokensFree: lie === 'idle' ? facts.kvTokens : load.kvTokensFree,
    });
  }
}

function isSameShard(a: PlacedShard | null, b: PlacedShard | null): boolean {
  return a?.startLayer === b?.startLayer && a?.endLayer === b?.endLayer;
}

/** Layers of `next` that are not held yet. */
function newLayers(held: PlacedShard | null, next: PlacedShard): number {
  const shared =
    held === null
      ? 0
      : Math.min(held.endLayer, next.endLayer) - Math.max(held.startLayer, next.startLayer);
  return next.endLayer - next.startLayer - Math.max(0, shared);
}
