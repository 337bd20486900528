import type {TokenMask} from '#shared/protocol/frame/token-mask.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {HopPlace} from './hop-place.ts';
import {statesBefore, type KeptStates} from './kept-states.ts';

/** What a hop holds of a session. */
export type SessionCache = {
  /** Positions before it have run and are in the engine's cache. */
  readonly position: number;
  /** The last of what left this hop, for a hop that has to be fed again. */
  readonly kept: KeptStates;
};

/** What was held at `position`. */
export function cacheAt({kept}: SessionCache, position: number): SessionCache {
  return {position, kept: statesBefore(kept, position)};
}

/** One answer as one hop sees it. */
export type SessionState =
  /** The engine makes room, on a resume beginning at `cache.position`. */
  | {readonly kind: 'reserving'; readonly place: HopPlace; readonly cache: SessionCache}
  /** The opening is on its way to the next hop, or the tail links the ring. */
  | {readonly kind: 'linking'; readonly place: HopPlace; readonly cache: SessionCache}
  | Serving
  /** Too little was kept for what the client asked: frames of this epoch have no use any more. */
  | {readonly kind: 'stalled'; readonly place: HopPlace; readonly cache: SessionCache}
  /** A neighbour is lost, or the answer is over: the cache waits to be resumed. */
  | {
      readonly kind: 'waiting';
      readonly place: HopPlace;
      readonly cache: SessionCache;
      readonly untilMs: number;
    }
  | {readonly kind: 'closed'; readonly place: HopPlace};

export type Serving = {
  readonly kind: 'serving';
  readonly place: HopPlace;
  readonly cache: SessionCache;
  /** Where the next frame must begin: `cache.position`, and after it what waits to run. */
  readonly nextPosition: number;
  /** The next hop holds what is before. */
  readonly sendFrom: number;
  /** Of a guided answer at its tail: the last mask of its client. */
  readonly mask: SampleMask | null;
  /** What was to be sampled, and waits for its mask. */
  readonly unguided: Frame | null;
};

/** The tokens that may be sampled at this position. */
export type SampleMask = {readonly position: number; readonly allowed: TokenMask};

export type OpenState = Exclude<SessionState, {readonly kind: 'closed'}>;
