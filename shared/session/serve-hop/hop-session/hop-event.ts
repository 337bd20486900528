import type {PeerId} from '#shared/base/ids.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import type {OpenSession} from '#shared/protocol/control/open-session.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {StatePiece} from './kept-states.ts';

/** What came of a step. */
export type StepOutput =
  | {readonly kind: 'hidden'; readonly dtype: StatePiece['dtype']; readonly bytes: Uint8Array}
  /** The tail sampled; after an end token nothing more is asked of the head. */
  | {readonly kind: 'token'; readonly isEnd: boolean}
  /** A piece of the prompt at the tail. */
  | {readonly kind: 'none'};

/** A word about a session that is open here, from `from`. */
export type SessionWord = {
  readonly kind: 'word';
  readonly from: PeerId;
  /** Of the frame that it came in. */
  readonly epoch: number;
  readonly message: Exclude<Message, OpenSession>;
  readonly nowMs: number;
};

/** What happens to one session. */
export type SessionEvent =
  /** Its own client opens it again, in a higher epoch; the opening was checked. */
  | {readonly kind: 'resume'; readonly from: PeerId; readonly open: OpenSession}
  /** The engine has made room. It goes on at `position`: at 0 where it has dropped what it needs for the one asked. */
  | {readonly kind: 'reserved'; readonly epoch: number; readonly position: number}
  /** The opening was passed on, or the client was sent `session-ready`. */
  | {readonly kind: 'linked'; readonly epoch: number}
  /** The engine or a link failed under the session. */
  | {
      readonly kind: 'broken';
      readonly epoch: number;
      readonly code: RefusalCode;
      readonly nowMs: number;
    }
  | {readonly kind: 'frame'; readonly from: PeerId; readonly frame: Frame}
  | {readonly kind: 'ran'; readonly frame: Frame; readonly output: StepOutput}
  | SessionWord
  | {readonly kind: 'peer-left'; readonly peerId: PeerId; readonly nowMs: number}
  /** A cache has waited long enough, or has to give way. */
  | {readonly kind: 'give-up'}
  /** Of all sessions this one has to go. */
  | {readonly kind: 'end'; readonly code: RefusalCode};
