import type {PeerId} from '#shared/base/ids.ts';
import type {HopServed} from '#shared/protocol/control/hop-served.ts';
import type {SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import type {RanHop} from './generation-state.ts';
import type {Refusal} from './refusal.ts';

/** What a driver has seen, and when by its monotonic clock. */
export type GenerationEvent = SeenEvent & {readonly nowMs: number};

/** An event with another epoch than that of the last opening is about an abandoned chain, and changes nothing. */
export type SeenEvent =
  | Answered
  | Heard
  /** The snapshot has changed. */
  | {readonly kind: 'snapshot'}
  /** Time has passed; asked for by `wakeAtMs`, harmless at any other time. */
  | {readonly kind: 'tick'}
  /** The link of the client to this peer is lost: the peer closed it, or gives no sign of life. */
  | {readonly kind: 'link-lost'; readonly peerId: PeerId; readonly isSilent?: boolean}
  /** The peer has answered over a link of the client. */
  | {readonly kind: 'reached'; readonly peerId: PeerId}
  /** This peer has published another record since a fault of it was reported. */
  | {readonly kind: 'renewed'; readonly peerId: PeerId}
  /** This peer is in no record any more. */
  | {readonly kind: 'unlisted'; readonly peerId: PeerId}
  /** The reader wants no more. */
  | {readonly kind: 'stop'};

/** Phase 2 has answered `choose-chain`. */
type Answered =
  | {
      readonly kind: 'chain';
      readonly hops: readonly RanHop[];
      /** What one decode step of all hops is predicted to take. */
      readonly stepMs: number;
      /** What one token of the prompt is, among many. */
      readonly promptTokenMs: number;
    }
  | {readonly kind: 'gap'; readonly missing: readonly MissingLayers[]};

/** From the chain, or about the way to it. */
type Heard = {readonly epoch: number} &
  /** Every hop has reserved; per hop the position from which it needs input. */
  (
    | {readonly kind: 'ready'; readonly inputFrom: readonly number[]}
    /** What `feed` asked for is on its way, and there is room for more. */
    | {readonly kind: 'fed'}
    /** Hop `hopIndex` was asked to replay and has kept its output from `position` on only. */
    | {readonly kind: 'kept-from'; readonly hopIndex: number; readonly position: number}
    /** The tail sampled these; `position` is that of the first. */
    | {
        readonly kind: 'tokens';
        readonly position: number;
        readonly tokens: readonly SampledToken[];
      }
    /** A hop refuses or fails, cannot be reached, or broke its word. */
    | {readonly kind: 'refused'; readonly refusal: Refusal}
    /** After the end: what the hops measured. */
    | {readonly kind: 'served'; readonly hops: readonly HopServed[]}
  );
