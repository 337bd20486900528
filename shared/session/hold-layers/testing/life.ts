import {asPeerId} from '#shared/base/ids.ts';
import {LIVE_TARGET} from '#shared/scheduling/allocation/allocation-target.ts';
import {CLAIM_SETTLE_MS} from '#shared/scheduling/allocation/placement/heard-lately.ts';
import {
  snapshotOfNodes,
  type PlacedShard,
  type SnapshotNode,
} from '#shared/scheduling/swarm-snapshot.ts';
import {shard, snapshotNode} from '#shared/testing/snapshot-node.ts';
import {CROWDED_MS} from '../look-around.ts';
import {stepVolunteer} from '../step-volunteer.ts';
import {
  beginVolunteer,
  publishedLayers,
  type VolunteerAction,
  type VolunteerEvent,
  type VolunteerState,
} from '../volunteer-state.ts';

/** Room for a third of the model. */
export const TEN = {capacityLayers: {plain: 10, first: 10, last: 10, both: 10}};
export const [first, middle, last] = [shard(0, 10, 30), shard(10, 20, 30), shard(20, 30, 30)];

/** A volunteer among others, and what it was asked to do, by kind. */
export class Life {
  state: VolunteerState = beginVolunteer({
    self: asPeerId('me'),
    model: {layerCount: 30, cutEvery: 5},
    target: LIVE_TARGET,
    claimLimit: () => 120_000,
  });
  did: VolunteerAction[] = [];
  others: readonly SnapshotNode[] = [];
  nowMs = 1_000_000;

  get kind(): string {
    return this.state.status.kind;
  }

  get kinds(): readonly string[] {
    return this.did.map(({kind}) => kind);
  }

  tell(event: VolunteerEvent): this {
    const {state, actions} = stepVolunteer(this.state, event);
    this.state = state;
    this.did = [...actions];
    return this;
  }

  /** One look, with its own record as it says it. */
  look(): this {
    const {shards, claim} = publishedLayers(this.state.status);
    const own = snapshotNode('me', {...TEN, shards, claim});
    const snapshot = snapshotOfNodes([own, ...this.others], this.nowMs);
    return this.tell({kind: 'look', snapshot});
  }

  /** From the first record to the moment when its claim is on its way. */
  claims(): this {
    this.tell({kind: 'published', epoch: 0}).tell({kind: 'woken', epoch: 0});
    return this.look();
  }

  /** From a claim to layers that are ready beside what is served. */
  loads(): this {
    const {epoch} = this.state;
    this.tell({kind: 'published', epoch});
    this.nowMs += CLAIM_SETTLE_MS;
    return this.tell({kind: 'woken', epoch}).tell({kind: 'loaded', epoch});
  }

  /** Serves the layers that nobody else does. */
  serves(): this {
    return this.claims().loads().look();
  }
}

export const holding = (id: string, held: PlacedShard) =>
  snapshotNode(id, {...TEN, shards: [held]});
/** One that has no room for the LM head. */
const headless = (id: string, held: PlacedShard) => ({
  ...holding(id, held),
  capacityLayers: {plain: 10, first: 10, last: 0, both: 0},
});

/** It serves `first` as many do, while a single tab serves the last layers, which few have room for. */
export function crowded(): Life {
  const life = new Life();
  life.others = [holding('m', middle), holding('l', last)];
  life.serves();
  const many = ['a', 'b', 'c', 'd'].flatMap((id) => [
    headless(`first-${id}`, first),
    headless(`middle-${id}`, middle),
  ]);
  life.others = [...many, holding('last', last)];
  return life;
}

/** The same once it has set out. */
export function settingOut(): Life {
  const life = crowded().look();
  life.nowMs += CROWDED_MS;
  return life.look();
}
