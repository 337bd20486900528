import type {PeerId} from '#shared/base/ids.ts';
import {refusalOf} from '#shared/protocol/control/refusal-of.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {HopAction} from '#shared/session/serve-hop/hop-session/hop-action.ts';
import {passedClose} from '#shared/session/serve-hop/hop-frames.ts';
import type {HopMachine} from '#shared/session/serve-hop/hop-machine.ts';
import {decodeControlFrame, encodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import type {Transport} from '#shared/transport/transport.ts';
import {ControlPost} from '#shared/transport/post/control-post.ts';
import type {HopLinks} from './hop-links.ts';
import type {ReportToHop} from './report-to-hop.ts';

type Action<Kind extends HopAction['kind']> = Extract<HopAction, {readonly kind: Kind}>;

/** The messages of one hop: read, linked, closing, passed on. */
export class HopControl {
  readonly #post: ControlPost;
  readonly #links: HopLinks;
  readonly #report: ReportToHop;

  constructor(options: {
    readonly transport: Transport;
    readonly links: HopLinks;
    readonly report: ReportToHop;
  }) {
    this.#post = new ControlPost(options.transport);
    this.#links = options.links;
    this.#report = options.report;
  }

  /** What a control frame makes the hop do; what cannot be read is refused. */
  receive(machine: HopMachine, from: PeerId, frame: Frame, nowMs: number): readonly HopAction[] {
    const {sessionId, epoch} = frame;
    const heard = {from, sessionId, epoch};
    try {
      return machine.hear(heard, decodeControlFrame(frame), nowMs);
    } catch (error) {
      return machine.refuse(heard, {code: refusalOf(error, 'MALFORMED_MESSAGE'), hopIndex: 0});
    }
  }

  /** The opening goes on, or the tail says that the ring is ready. */
  async link({place, to, address, message, ...ends}: Action<'link'>): Promise<void> {
    const {sessionId, epoch} = place;
    try {
      await this.#links.connect(sessionId, ends);
      // Before the message: what it brings about may come before its sending is known to be over.
      this.#report(sessionId, {kind: 'linked', epoch});
      await this.#links.send(sessionId, to, encodeControlFrame(address, message));
    } catch (error) {
      this.#report(sessionId, {kind: 'broken', epoch, code: refusalOf(error, 'ENGINE_LOST')});
    }
  }

  tell({to, address, message}: Action<'tell'>): void {
    this.#post.send(to, address, message);
  }

  passClose(action: Action<'pass-close'>): void {
    const {sessionId, open} = action.place;
    const closing = passedClose(action, this.#links.servedBy(sessionId, open.hopIndex));
    if (closing !== null) this.tell(closing);
  }
}
