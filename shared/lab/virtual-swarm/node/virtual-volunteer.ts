import type {PeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {LIVE_TARGET} from '#shared/scheduling/allocation/allocation-target.ts';
import {MOST_CLAIM_MS} from '#shared/scheduling/claim-limit.ts';
import type {PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import {
  beginVolunteer,
  publishedLayers,
  type PublishedLayers,
  type VolunteerAction,
  type VolunteerEvent,
  type VolunteerState,
} from '#shared/session/hold-layers/volunteer-state.ts';
import {Volunteer} from '#shared/session/hold-layers/volunteer.ts';
import {countLoad, loadMs, type NodeLog} from './load-log.ts';
import type {VirtualHop} from './virtual-hop.ts';

/** What a node does for those who decide what it serves. */
export type NodeHands = {
  readonly hop: Pick<VirtualHop, 'serving' | 'drain' | 'reopen'>;
  readonly log: NodeLog;
  /** Acts after a while, unless the node is gone by then. */
  readonly soon: (afterMs: number, act: () => void) => void;
  readonly publishSoon: (onPublished: () => void) => void;
  readonly lookAround: () => void;
  readonly serve: (shard: PlacedShard | null) => void;
  /** Ends what runs in an engine that is lost. */
  readonly drop: () => void;
  /** It has given up. */
  readonly leave: () => void;
};

/** Drives the product's volunteer of one node: loads take their time, records go to the directory. */
export class VirtualVolunteer {
  readonly #hands: NodeHands;
  readonly #volunteer: Volunteer;
  #layers: PublishedLayers;
  /** The epoch of the load under way; `null` while none is. */
  #loading: number | null = null;

  constructor(
    hands: NodeHands,
    who: {
      readonly self: PeerId;
      readonly grid: CutGrid;
      /** What it has served from the start of the script; `null`: it joins. */
      readonly shard: PlacedShard | null;
    },
  ) {
    const begin = stateOf(who);
    this.#hands = hands;
    this.#layers = publishedLayers(begin.status);
    this.#volunteer = new Volunteer(begin, (action) => {
      this.#act(action);
    });
  }

  /** What the record of its node says of layers. */
  get layers(): PublishedLayers {
    return this.#layers;
  }

  /** How eagerly it looks around. */
  get mood(): 'eager' | 'spare' | 'settled' {
    const {kind} = this.#volunteer.status;
    if (kind === 'serving') return 'settled';
    return kind === 'spare' ? 'spare' : 'eager';
  }

  tell(event: VolunteerEvent): void {
    this.#volunteer.tell(event);
  }

  #act(action: VolunteerAction): void {
    const {hop, soon, lookAround, drop, leave} = this.#hands;
    switch (action.kind) {
      case 'publish':
        this.#publish(action);
        return;
      case 'look':
        soon(0, lookAround);
        return;
      case 'wake':
        soon(action.afterMs, () => {
          this.tell({kind: 'woken', epoch: action.epoch});
        });
        return;
      case 'load':
        this.#load(action);
        return;
      case 'discard':
        this.#discard();
        return;
      case 'serve':
        this.#serve(action);
        return;
      case 'drop':
        drop();
        return;
      case 'drain':
        hop.drain();
        return;
      case 'reopen':
        hop.reopen();
        return;
      case 'close':
        leave();
        return;
      case 'farewell':
        // Tabs of a script leave from outside, with or without a sign.
        throw new Error('Broken invariant: nobody has asked this node to leave');
    }
  }

  #publish({
    epoch,
    shards,
    claim,
    takesSessions,
  }: Extract<VolunteerAction, {readonly kind: 'publish'}>): void {
    const {log, publishSoon} = this.#hands;
    if (claim !== null && claim.epoch !== this.#layers.claim?.epoch) log.claims += 1;
    this.#layers = {shards, claim, takesSessions};
    publishSoon(() => {
      this.tell({kind: 'published', epoch});
    });
  }

  #load({epoch, shard}: Extract<VolunteerAction, {readonly kind: 'load'}>): void {
    const {hop, soon} = this.#hands;
    this.#loading = epoch;
    soon(loadMs(hop.serving, shard), () => {
      this.tell({kind: 'loaded', epoch});
    });
  }

  #discard(): void {
    if (this.#loading !== null) this.#hands.log.abandonedLoads += 1;
    this.#loading = null;
  }

  #serve({shard}: Extract<VolunteerAction, {readonly kind: 'serve'}>): void {
    const {hop, log, serve} = this.#hands;
    this.#loading = null;
    countLoad(log, hop.serving, shard);
    serve(shard);
  }
}

const claimLimit = () => MOST_CLAIM_MS;

/** A volunteer that joins, or one that has served from the start of a script. */
function stateOf({
  self,
  grid,
  shard,
}: {
  readonly self: PeerId;
  readonly grid: CutGrid;
  readonly shard: PlacedShard | null;
}): VolunteerState {
  const begin = beginVolunteer({self, model: grid, target: LIVE_TARGET, claimLimit});
  if (shard === null) return begin;
  const held = {shard, why: 'from the start'};
  return {...begin, status: {kind: 'serving', held, crowdedSinceMs: null}};
}
