import type {PeerId} from '#shared/base/ids.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {ControlAddress} from '#shared/protocol/frame/control-address.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {HopPlace} from './hop-place.ts';
import type {StatesToSend} from './kept-states.ts';
import type {SessionState} from './session-state.ts';

export type CloseSession = Extract<Message, {readonly kind: 'close-session'}>;

/** What a driver does, in this order. What it sends for one session keeps its order. */
export type HopAction =
  /**
   * Make room in the engine, keep what is before `position`, forget the rest; then say
   * `reserved`. What was still to be sent in an earlier epoch is not sent any more.
   */
  | {
      readonly kind: 'reserve';
      readonly place: HopPlace;
      readonly kvTokens: number;
      readonly position: number;
    }
  /** Connect to `peers`, wait for the links that `visitors` open, send `message` to `to`; then say `linked`. */
  | {
      readonly kind: 'link';
      readonly place: HopPlace;
      readonly peers: readonly PeerId[];
      /** Dialled by nobody: whoever opens a session could have its hops call at anybody's door. */
      readonly visitors: readonly PeerId[];
      readonly to: PeerId;
      readonly address: ControlAddress;
      readonly message: Message;
    }
  /** Let the engine forget `position` and what is after it. */
  | {readonly kind: 'truncate'; readonly place: HopPlace; readonly position: number}
  /** Hidden states to the next hop. */
  | {
      readonly kind: 'send-states';
      readonly place: HopPlace;
      readonly to: PeerId;
      readonly states: StatesToSend;
      readonly sample: boolean;
      readonly verify: boolean;
    }
  /** The token that was sampled at `position`: to the head first when the answer goes on, and to the client. */
  | {
      readonly kind: 'send-token';
      readonly place: HopPlace;
      readonly position: number;
      readonly head: PeerId | null;
    }
  /** A message that nobody waits for. */
  | {
      readonly kind: 'tell';
      readonly to: PeerId;
      readonly address: ControlAddress;
      readonly message: Message;
    }
  /** The end goes down the chain with what this hop measured added; at the tail, it goes to the client. */
  | {readonly kind: 'pass-close'; readonly place: HopPlace; readonly message: CloseSession}
  /** Let the engine and the links forget the session. */
  | {readonly kind: 'free'; readonly place: HopPlace};

/** What one session asks of its driver, and of the hop that it is a session of. */
export type SessionAction =
  | HopAction
  /** The frame waits for its turn at the engine. */
  | {readonly kind: 'run'; readonly place: HopPlace; readonly frame: Frame}
  /** What waits at the engine has no use any more. */
  | {readonly kind: 'drop-steps'; readonly place: HopPlace}
  /** This hop refused something or had to end the session. */
  | {readonly kind: 'count'; readonly code: RefusalCode};

export type SessionStep = {
  readonly state: SessionState;
  readonly actions: readonly SessionAction[];
};
