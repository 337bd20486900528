import {asPeerId, type PeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {RECORD_TTL_MS, type NodeRecord} from '#shared/protocol/node-record.ts';
import {MOST_CLAIM_MS} from '#shared/scheduling/claim-limit.ts';
import {LIVE_TARGET} from '#shared/scheduling/allocation/allocation-target.ts';
import {
  snapshotOf,
  type PlacedShard,
  type SwarmSnapshot,
} from '#shared/scheduling/swarm-snapshot.ts';
import {
  beginVolunteer,
  publishedLayers,
  type PublishedLayers,
  type VolunteerAction,
  type VolunteerState,
} from '#shared/session/hold-layers/volunteer-state.ts';
import {Volunteer} from '#shared/session/hold-layers/volunteer.ts';
import {buildRecord} from '../../testing/record-builder.ts';
import type {VirtualDirectory} from './virtual-directory.ts';
import {VirtualHop} from './virtual-hop.ts';
import type {VirtualNodeFacts} from './swarm-script.ts';
import {VirtualPublisher} from './virtual-publisher.ts';
import type {VirtualTime} from './virtual-time.ts';
import type {VirtualWire} from './virtual-wire.ts';

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
  /** What it serves when it joins; `null`: nothing yet. */
  readonly shard: PlacedShard | null;
  /** Whether it decides itself what it serves: otherwise its volunteer hears of nothing. */
  readonly decides: boolean;
  /** Least time between two of its records. */
  readonly publishEveryMs: number;
  /** Called when it serves other layers than before. */
  readonly onServing: (node: VirtualNode, before: PlacedShard | null) => void;
};

type Publishing = Extract<VolunteerAction, {readonly kind: 'publish'}>;

const LOAD_MS_PER_LAYER = 300;

/**
 * One tab of the virtual swarm: drives the product's volunteer, with records in a virtual
 * directory and a cost model for an engine. A node that a central planner commands has no volunteer.
 */
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
  readonly #publisher: VirtualPublisher;
  readonly #volunteer: Volunteer;
  #layers: PublishedLayers;
  /** The epoch of the load under way; `null` while none is. */
  #loading: number | null = null;
  #commanded: PlacedShard | null;
  #isGone = false;

  constructor(options: VirtualNodeOptions) {
    const {facts, time, wire, grid, contextTokens, shard} = options;
    this.id = asPeerId(facts.id);
    this.facts = facts;
    this.#options = options;
    this.#commanded = shard;
    const begin = stateOf(this.id, grid, shard);
    this.#layers = publishedLayers(begin.stage);
    this.#volunteer = new Volunteer(begin, (action) => {
      this.#act(action);
    });
    this.#publisher = new VirtualPublisher({
      ...options,
      clockSkewMs: facts.clockSkewMs,
      describe: (seq) => this.#describe(seq),
    });
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
        this.#publisher.publishSoon();
        this.#volunteer.tell({kind: 'sessions', openSessions: this.hop.load.openSessions});
      },
    });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get clockMs(): number {
    return this.#publisher.clockMs;
  }

  /** When it published last, by its own clock. */
  get publishedAtMs(): number {
    return this.#publisher.publishedAtMs;
  }

  /** How eagerly it looks around. */
  get mood(): 'eager' | 'spare' | 'settled' {
    const {kind} = this.#volunteer.stage;
    if (kind === 'serving') return 'settled';
    return kind === 'spare' ? 'spare' : 'eager';
  }

  /** Publishes its first record, and serves at once what it was given. */
  join(): void {
    const {shard, decides} = this.#options;
    this.hop.serve(shard);
    this.#publisher.publishSoon(() => {
      // Who serves from the start of a script has been there for long: it knows the others, whose records are on their way.
      if (decides && shard === null) this.#volunteer.tell({kind: 'published', epoch: 0});
    });
  }

  leave({noticed, linkLossMs}: {readonly noticed: boolean; readonly linkLossMs: number}): void {
    const {directory, time} = this.#options;
    this.#isGone = true;
    this.#publisher.stop();
    this.hop.die(linkLossMs);
    if (noticed) directory.drop(this.id, time.nowMs);
  }

  /** One look around: sees the swarm, and does what follows. */
  lookAround(): SwarmSnapshot {
    const {time, directory, observer} = this.#options;
    const seen = directory.seenBy(observer, time.nowMs);
    const {record} = this.#publisher;
    if (record !== null) seen.push(record);
    const snapshot = snapshotOf(seen, this.clockMs);
    this.#volunteer.tell({kind: 'look', snapshot});
    return snapshot;
  }

  #act(action: VolunteerAction): void {
    switch (action.kind) {
      case 'publish':
        this.#publishLayers(action);
        return;
      case 'look':
        this.#soon(0, () => this.lookAround());
        return;
      case 'wake':
        this.#soon(action.afterMs, () => {
          this.#volunteer.tell({kind: 'woken', epoch: action.epoch});
        });
        return;
      case 'load':
        this.#load(action);
        return;
      case 'discard':
        if (this.#loading !== null) this.log.abandonedLoads += 1;
        this.#loading = null;
        return;
      case 'serve':
        this.#loading = null;
        this.#countLoad(this.hop.serving, newLayers(this.hop.serving, action.shard));
        this.#serve(action.shard);
        return;
      case 'drain':
        this.hop.drain();
        return;
      case 'reopen':
        this.hop.reopen();
        return;
      case 'farewell':
      case 'close':
        // Tabs of a script leave from outside, with or without a sign.
        throw new Error('Broken invariant: nobody has asked this node to leave');
    }
  }

  #soon(afterMs: number, act: () => void): void {
    this.#options.time.after(afterMs, () => {
      if (!this.#isGone) act();
    });
  }

  #publishLayers({epoch, shards, claim, takesSessions}: Publishing): void {
    if (claim !== null && claim.epoch !== this.#layers.claim?.epoch) this.log.claims += 1;
    this.#layers = {shards, claim, takesSessions};
    this.#publisher.publishSoon(() => {
      this.#volunteer.tell({kind: 'published', epoch});
    });
  }

  #load({epoch, shard}: {readonly epoch: number; readonly shard: PlacedShard}): void {
    this.#loading = epoch;
    const missing = newLayers(this.hop.serving, shard);
    this.#soon(missing * LOAD_MS_PER_LAYER, () => {
      this.#volunteer.tell({kind: 'loaded', epoch});
    });
  }

  /** What a central planner has assigned to it, served or loading. */
  get commanded(): PlacedShard | null {
    return this.#commanded;
  }

  /** Begins to hold what a central planner says, as Parallax's nodes do: what it held is dropped first. */
  obey(shard: PlacedShard | null): void {
    const before = this.hop.serving;
    if (isSameShard(this.#commanded, shard)) return;
    this.#commanded = shard;
    if (before !== null) this.#serve(null);
    if (shard === null) return;
    const missing = newLayers(before, shard);
    this.#countLoad(before, missing);
    this.#soon(missing * LOAD_MS_PER_LAYER, () => {
      if (this.#commanded === shard) this.#serve(shard);
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
    this.#layers = {...this.#layers, shards: shard === null ? [] : [shard]};
    this.#publisher.publishSoon();
    this.#options.onServing(this, before);
  }

  #describe(seq: number): NodeRecord {
    const {facts} = this;
    const {cost, lie} = facts;
    const {shards, claim, takesSessions} = this.#layers;
    const factor = lie === 'fast' ? 0.1 : lie === 'impossible' ? NaN : 1;
    const load = this.hop.load;
    return buildRecord({
      peerId: this.id,
      seq,
      expiresAtMs: seq + RECORD_TTL_MS,
      engineClass: 'virtual',
      capacityLayers: facts.capacityLayers,
      shards,
      claim,
      decodeMsPerLayer: {
        fixedMs: cost.decodeMsPerLayer.fixedMs * factor,
        perSessionMs: cost.decodeMsPerLayer.perSessionMs * factor,
      },
      prefillMsPerTokenLayer: cost.prefillMsPerTokenLayer,
      hopOverheadMs: cost.hopOverheadMs,
      coords: facts.coords,
      maxSessions: takesSessions ? facts.maxSessions : 0,
      openSessions: lie === 'idle' ? 0 : load.openSessions,
      kvTokensFree: lie === 'idle' ? facts.kvTokens : load.kvTokensFree,
    });
  }
}

const claimLimit = () => MOST_CLAIM_MS;

/** A volunteer that joins, or one that has served from the start of a script. */
function stateOf(self: PeerId, grid: CutGrid, shard: PlacedShard | null): VolunteerState {
  const begin = beginVolunteer({self, model: grid, target: LIVE_TARGET, claimLimit});
  if (shard === null) return begin;
  const held = {shard, why: 'from the start'};
  return {...begin, stage: {kind: 'serving', held, crowdedSinceMs: null}};
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
