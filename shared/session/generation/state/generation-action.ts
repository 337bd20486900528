import type {PeerId} from '#shared/base/ids.ts';
import type {HopServed} from '#shared/protocol/control/hop-served.ts';
import type {Hop, OpenSession} from '#shared/protocol/control/open-session.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import type {AvoidedWhy} from '#shared/scheduling/routing/chain.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import type {GenerationState, RanHop} from './generation-state.ts';
import type {HopReport} from './hop-conduct.ts';

/** What a driver does, in this order. */
export type GenerationAction =
  /** Ask phase 2; a `chain` or `gap` event answers. The load of a chain chosen before counts no more. */
  | {
      readonly kind: 'choose-chain';
      readonly avoid: ReadonlyMap<PeerId, AvoidedWhy>;
      /** Hops whose caches hold this answer: they are kept where that can be done. */
      readonly warm: readonly Hop[];
      /** What ran which layers: engines of the same class go on where that can be done. */
      readonly ran: readonly RanHop[];
      /** That of the opening that a chain would get. */
      readonly epoch: number;
    }
  /** Send the opening down the chain; the load of the chain counts from now on. */
  | {
      readonly kind: 'open';
      readonly epoch: number;
      readonly hops: readonly Hop[];
      readonly warmPositions: readonly number[];
      readonly keep: OpenSession['keep'];
    }
  /** Ask hop `hopIndex`, down the chain, to send its kept output to the hop after it, from `position` on. */
  | {
      readonly kind: 'replay';
      readonly epoch: number;
      readonly hopIndex: number;
      readonly position: number;
    }
  /** Send tokens to the head; a `fed` event follows. */
  | {
      readonly kind: 'feed';
      readonly epoch: number;
      readonly position: number;
      readonly tokenIds: readonly number[];
      /** Whether the tail samples after the last of them. */
      readonly sample: boolean;
    }
  /** Tell the tail of these hops among which tokens it samples the one at `position`. */
  | {
      readonly kind: 'guide';
      readonly epoch: number;
      readonly hops: readonly Hop[];
      readonly position: number;
    }
  /** Free the session: at the head of a whole chain, which passes it on, or at single hops. */
  | {
      readonly kind: 'close';
      readonly epoch: number;
      readonly at: readonly PeerId[];
      readonly reason: 'done' | 'cancelled' | 'failed';
    }
  /** Look whether this peer answers over a link, the one that is there or another; a `reached` event follows where there is. */
  | {readonly kind: 'reach'; readonly peerId: PeerId}
  /** What this hop did, for whoever chooses the chains of later answers. */
  | ({readonly kind: 'report'} & HopReport)
  | {readonly kind: 'tell'; readonly news: ReaderNews};

/** What the reader of an answer hears. */
export type ReaderNews =
  /** Some layers cannot be served now; the answer goes on when they can, or ends after so long at one stretch. */
  | {
      readonly kind: 'waiting';
      readonly missing: readonly MissingLayers[];
      /** `null`: it waits as long as its reader likes. */
      readonly patienceMs: number | null;
    }
  /** An answer that had begun goes on without this hop, or without one that nobody knows. */
  | {readonly kind: 'lost'; readonly code: RefusalCode; readonly peerId: PeerId | null}
  /** Every hop has reserved; per hop the position from which it needs input. */
  | {readonly kind: 'ready'; readonly inputFrom: readonly number[]}
  | {readonly kind: 'token'; readonly token: SampledToken; readonly atMs: number}
  | {readonly kind: 'end'; readonly finishReason: 'stop' | 'length'}
  /** What the hops say that they took; comes last, or not at all. */
  | {readonly kind: 'served'; readonly hops: readonly HopServed[]};

export type GenerationStep = {
  readonly state: GenerationState;
  readonly actions: readonly GenerationAction[];
};
