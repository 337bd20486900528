import type {PeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {AllocationTarget} from '#shared/scheduling/allocation/allocation-target.ts';
import {NO_CLAIMS, type ClaimMemory} from '#shared/scheduling/allocation/placement/claim-watch.ts';
import type {ClaimLimit} from '#shared/scheduling/claim-limit.ts';
import type {
  PlacedShard,
  PlacementClaim,
  SwarmSnapshot,
} from '#shared/scheduling/swarm-snapshot.ts';

/** What does not change in the life of a volunteer. */
export type VolunteerTerms = {
  readonly self: PeerId;
  readonly model: CutGrid;
  readonly target: AllocationTarget;
  readonly claimLimit: ClaimLimit;
};

/** Layers that are served, and why these. */
export type Held = {readonly shard: PlacedShard; readonly why: string};

/** Layers on their way, from the claim to the moment when they are served. */
export type Attempt = {
  readonly claim: PlacementClaim;
  readonly why: string;
  /** What is served meanwhile; `null` for a tab without layers. */
  readonly before: Held | null;
  /**
   * Since when it sees itself crowded where it is; `null` when it joins or closes a gap. Then answers in `before`
   * do not come to their end first: they could not while layers are missing.
   */
  readonly crowdedSinceMs: number | null;
};

/** Where a volunteer is in its life; see `stepVolunteer` for the ways between. */
export type Status =
  /** Its first record is on its way. */
  | {readonly kind: 'introducing'}
  /** It learns who else is there before it wants anything. */
  | {readonly kind: 'looking-around'}
  | {readonly kind: 'waiting' | 'spare'; readonly why: string}
  /** Its engine was lost; it looks for a place, most likely the same. */
  | {readonly kind: 'restarting'; readonly why: string}
  /** `claiming`: the claim is on its way to the directory; `settling`: others may dispute it. */
  | {
      readonly kind: 'claiming' | 'settling' | 'loading' | 'loaded';
      readonly attempt: Attempt;
    }
  /** Loaded; takes no more answers on and lets those that run come to their end. */
  | {
      readonly kind: 'draining';
      readonly attempt: Attempt & {readonly before: Held};
      /** Whether it still waits for the answers. */
      readonly waits: boolean;
    }
  | {
      readonly kind: 'serving';
      readonly held: Held;
      /** Since when it would help more elsewhere, Unix ms; `null` while it would not. */
      readonly crowdedSinceMs: number | null;
    }
  /** Out of everybody's plans; answers that run come to their end. */
  | {readonly kind: 'leaving'; readonly held: Held | null}
  | {readonly kind: 'left'}
  | {readonly kind: 'failed'; readonly code: string; readonly message: string};

export type VolunteerState = {
  readonly terms: VolunteerTerms;
  readonly status: Status;
  /** Of the last claim. What was begun under an earlier one is over. */
  readonly epoch: number;
  readonly openSessions: number;
  /** Until then it does not set out to even the swarm out, as it has just done so, Unix ms. */
  readonly staysUntilMs: number;
  /** Until then it claims nothing beside what it serves: its last load failed. */
  readonly pausesUntilMs: number;
  /** When its engine was lost in the last `ENGINE_LOSS_WINDOW_MS`, Unix ms. */
  readonly engineLossesMs: readonly number[];
  readonly claims: ClaimMemory;
};

export type VolunteerEvent =
  /** All records that have come, this node's own among them. */
  | {readonly kind: 'look'; readonly snapshot: SwarmSnapshot}
  /** The directory has what was asked for with `publish`, or the first record (epoch 0). */
  | {readonly kind: 'published'; readonly epoch: number}
  | {readonly kind: 'woken'; readonly epoch: number}
  /** Built and proven, beside what is served. */
  | {readonly kind: 'loaded'; readonly epoch: number}
  | {
      readonly kind: 'load-failed';
      readonly epoch: number;
      readonly code: string;
      readonly message: string;
      readonly nowMs: number;
    }
  /** How many answers run here. */
  | {readonly kind: 'sessions'; readonly openSessions: number}
  /** The engine under the served layers is gone. */
  | {readonly kind: 'engine-lost'; readonly message: string; readonly nowMs: number}
  /** A person wants the tab back; the second time at once. */
  | {readonly kind: 'leave'};

/** What the record says of layers. */
export type PublishedLayers = {
  readonly shards: readonly PlacedShard[];
  readonly claim: PlacementClaim | null;
  /** Whether clients may open answers here. */
  readonly takesSessions: boolean;
};

export type VolunteerAction =
  /** Come back with `published` once the directory has it. */
  | ({readonly kind: 'publish'; readonly epoch: number} & PublishedLayers)
  /** Come back with `look`, soon. */
  | {readonly kind: 'look'}
  /** Come back with `woken`. */
  | {readonly kind: 'wake'; readonly epoch: number; readonly afterMs: number}
  /** Come back with `loaded` or `load-failed`. */
  | {readonly kind: 'load'; readonly epoch: number; readonly shard: PlacedShard}
  /** Stop loading what belongs to this epoch, and free what was loaded. */
  | {readonly kind: 'discard'; readonly epoch: number; readonly why: string}
  /** Serve what was loaded under this epoch in place of what was served; frees that. */
  | {readonly kind: 'serve'; readonly epoch: number; readonly shard: PlacedShard}
  /** Serve nothing: end all answers with `ENGINE_LOST`, and free what is left of the engine. */
  | {readonly kind: 'drop'}
  /** Open no more answers; those that run go on. */
  | {readonly kind: 'drain'}
  /** Open answers again. */
  | {readonly kind: 'reopen'}
  /** Say goodbye, so that nobody plans with this tab. */
  | {readonly kind: 'farewell'}
  /** Say goodbye, end all answers and free everything. */
  | {readonly kind: 'close'};

/** A volunteer whose first record is on its way. */
export function beginVolunteer(terms: VolunteerTerms): VolunteerState {
  return {
    terms,
    status: {kind: 'introducing'},
    epoch: 0,
    openSessions: 0,
    staysUntilMs: 0,
    pausesUntilMs: 0,
    engineLossesMs: [],
    claims: NO_CLAIMS,
  };
}

/** What a volunteer holds now; `null` for none. */
export function heldBy(status: Status): Held | null {
  if ('held' in status) return status.held;
  return attemptOf(status)?.before ?? null;
}

/** What is on its way; `null` for nothing. */
export function attemptOf(status: Status): Attempt | null {
  return 'attempt' in status ? status.attempt : null;
}

/** What the record of a volunteer says at this status. */
export function publishedLayers(status: Status): PublishedLayers {
  const held = heldBy(status);
  return {
    shards: held === null ? [] : [held.shard],
    claim: attemptOf(status)?.claim ?? null,
    takesSessions: status.kind !== 'draining',
  };
}
