import type {SessionId} from '#shared/base/ids.ts';
import type {TokenMask} from '#shared/protocol/frame/token-mask.ts';
import type {HopServed} from '#shared/protocol/control/hop-served.ts';
import type {Hop, Sampling} from '#shared/protocol/control/open-session.ts';
import type {ReaderNews} from '#shared/session/generation/state/generation-action.ts';

export type GenerationRequest = {
  readonly promptTokenIds: readonly number[];
  readonly maxNewTokens: number;
  /** Without `guided`: that there is a guide says it. */
  readonly sampling: Omit<Sampling, 'guided'>;
  readonly guide?: TokenGuide;
};

/** Says which tokens may come in one answer: by a grammar, say. */
export type TokenGuide = {
  /**
   * The tokens that may come next, at least one; where the answer may end, the end tokens are among them.
   *
   * @param tokenIds the answer so far: with each call as long as before, or longer.
   */
  readonly allowed: (tokenIds: readonly number[]) => Promise<TokenMask>;
};

/**
 * What the reader of an answer hears, in this order; `waiting`, `chain` and `ready` come again with each
 * chain, after `lost` where the answer had begun.
 */
export type ReaderEvent<H extends Hop = Hop> =
  | Extract<ReaderNews, {readonly kind: 'waiting' | 'lost' | 'token' | 'end'}>
  | {readonly kind: 'chain'; readonly hops: readonly H[]; readonly predictedStepMs: number}
  | ({readonly sessionId: SessionId} & Extract<ReaderNews, {readonly kind: 'ready'}>)
  /** What the hops say that they took; comes last, or not at all. */
  | {readonly kind: 'served'; readonly hops: readonly ServedHop<H>[]};

/** What the tail says that one hop measured of one answer; it may be wrong. */
export type ServedHop<H extends Hop = Hop> = Omit<HopServed, 'hopIndex'> & {
  readonly hop: H;
  /** Whether it is the tail that it says this of. */
  readonly isOfTail: boolean;
};
