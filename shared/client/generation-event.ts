import type {SessionId} from '../base/ids.ts';
import type {HopServed} from '../protocol/control/hop-served.ts';
import type {Hop, Sampling} from '../protocol/control/open-session.ts';
import type {SampledToken} from '../protocol/frame/sampled-token.ts';
import type {MissingLayers} from '../scheduling/scheduling-event.ts';

export type GenerationRequest = {
  readonly promptTokenIds: readonly number[];
  readonly maxNewTokens: number;
  readonly sampling: Sampling;
};

/** What the reader of an answer hears, in this order; `waiting` and `chain` come again with each chain that is tried. */
export type GenerationEvent<H extends Hop = Hop> =
  /** Some layers cannot be served now; the answer begins when they can. */
  | {readonly kind: 'waiting'; readonly missing: readonly MissingLayers[]}
  | {readonly kind: 'chain'; readonly hops: readonly H[]; readonly predictedStepMs: number}
  /** Every hop has reserved; the prompt is sent when the reader asks for the next event. */
  | {readonly kind: 'ready'; readonly sessionId: SessionId}
  | {readonly kind: 'token'; readonly token: SampledToken; readonly atMs: number}
  | {readonly kind: 'end'; readonly finishReason: 'stop' | 'length'}
  /** What the hops say that they took; comes last, or not at all. */
  | {readonly kind: 'served'; readonly hops: readonly ServedHop<H>[]};

/** What one hop measured of one answer. Its own word: it may be wrong. */
export type ServedHop<H extends Hop = Hop> = Omit<HopServed, 'hopIndex'> & {readonly hop: H};
