import {asPeerId, type PeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {
  snapshotOf,
  type PlacedShard,
  type SwarmSnapshot,
} from '#shared/scheduling/swarm-snapshot.ts';
import {buildRecord} from '../../../testing/record-builder.ts';
import type {VirtualNodeFacts} from '../swarm-script.ts';
import type {VirtualDirectory} from '../virtual-directory.ts';
import type {VirtualTime} from '../virtual-time.ts';
import type {VirtualWire} from '../virtual-wire.ts';
import {CommandedShard} from './commanded-shard.ts';
import {emptyLog, loadMs, type NodeLog} from './load-log.ts';
import {NodeTime} from './node-time.ts';
import {VirtualHop} from './virtual-hop.ts';
import {VirtualPublisher} from './virtual-publisher.ts';
import {virtualRecord} from './virtual-record.ts';
import {VirtualVolunteer} from './virtual-volunteer.ts';

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
  /** Called when its engine is lost, and with it these layers. */
  readonly onCrash: (node: VirtualNode, before: PlacedShard | null) => void;
  /** Called when it lends no more, of its own accord. */
  readonly onGivingUp: (node: VirtualNode) => void;
};

/**
 * One tab of the virtual swarm: a hop, records in a virtual directory, and either the
 * product's volunteer or a central planner that decides what it serves.
 */
export class VirtualNode {
  readonly id: PeerId;
  readonly facts: VirtualNodeFacts;
  readonly hop: VirtualHop;
  readonly log: NodeLog = emptyLog();
  readonly #options: VirtualNodeOptions;
  readonly #time: NodeTime;
  readonly #publisher: VirtualPublisher;
  readonly #volunteer: VirtualVolunteer;
  readonly #commanded: CommandedShard;
  #isGone = false;

  constructor(options: VirtualNodeOptions) {
    const {facts, wire, grid, contextTokens, shard} = options;
    const time = new NodeTime(options.time);
    this.id = asPeerId(facts.id);
    this.facts = facts;
    this.#options = options;
    this.#time = time;
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
    const hands = {
      hop: this.hop,
      log: this.log,
      soon: (afterMs: number, act: () => void) => {
        this.#soon(afterMs, act);
      },
      publishSoon: (onPublished: () => void) => {
        this.#publisher.publishSoon(onPublished);
      },
      lookAround: () => void this.lookAround(),
      serve: (next: PlacedShard | null) => {
        this.#serve(next);
      },
      drop: () => {
        this.#drop();
      },
      leave: () => {
        options.onGivingUp(this);
      },
    };
    this.#volunteer = new VirtualVolunteer(hands, {self: this.id, grid, shard});
    this.#commanded = new CommandedShard(hands, shard);
    this.#publisher = new VirtualPublisher({
      ...options,
      time,
      clockSkewMs: facts.clockSkewMs,
      describe: (seq) => virtualRecord(facts, {seq, layers: this.#layers, load: this.hop.load}),
    });
  }

  get isFrozen(): boolean {
    return this.#time.isFrozen;
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
  get mood(): VirtualVolunteer['mood'] {
    return this.#volunteer.mood;
  }

  /** Publishes its first record, and serves at once what it was given. */
  join(): void {
    const {shard, decides} = this.#options;
    this.hop.serve(shard);
    this.#publisher.publishSoon(() => {
      // A node that serves from the start of a script has been there for long: it knows the others, whose records are on their way.
      if (decides && shard === null) this.#volunteer.tell({kind: 'published', epoch: 0});
    });
  }

  /** Its engine is gone, and it loads again. */
  crashEngine(): void {
    const before = this.hop.serving;
    if (this.#options.decides) {
      this.#volunteer.tell({kind: 'engine-lost', message: 'it crashed', nowMs: this.clockMs});
      return;
    }
    this.#drop();
    this.#soon(loadMs(null, before), () => {
      this.#serve(before);
    });
  }

  /** Nothing happens here until `thaw`. */
  freeze(): void {
    this.#time.freeze();
  }

  thaw(): void {
    this.#time.thaw();
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

  /** What a central planner has assigned to it, served or loading. */
  get commanded(): PlacedShard | null {
    return this.#commanded.shard;
  }

  /** Begins to hold what a central planner says. */
  obey(shard: PlacedShard | null): void {
    this.#commanded.obey(shard);
  }

  get #layers() {
    const {serving} = this.hop;
    const shards = serving === null ? [] : [serving];
    return {...this.#volunteer.layers, shards};
  }

  #soon(afterMs: number, act: () => void): void {
    this.#time.after(afterMs, () => {
      if (!this.#isGone) act();
    });
  }

  #drop(): void {
    const before = this.hop.serving;
    this.hop.crash();
    this.#publisher.publishSoon();
    this.#options.onCrash(this, before);
  }

  #serve(shard: PlacedShard | null): void {
    const before = this.hop.serving;
    this.hop.serve(shard);
    this.#publisher.publishSoon();
    this.#options.onServing(this, before);
  }
}
