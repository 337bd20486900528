import {encodeFrame, type Frame} from '#shared/protocol/frame/frame.ts';
import {refusalOf} from '#shared/protocol/control/refusal-of.ts';
import {encodeSampledTokens, type SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import {encodeTokenIds} from '#shared/protocol/frame/token-ids.ts';
import type {PeerId} from '#shared/base/ids.ts';
import type {HopAction} from '#shared/session/serve-hop/hop-session/hop-action.ts';
import type {HopPlace} from '#shared/session/serve-hop/hop-session/hop-place.ts';
import {clientFrame, headFrame, statesFrame} from '#shared/session/serve-hop/hop-frames.ts';
import type {HopLinks} from './hop-links.ts';
import type {ReportToHop} from './report-to-hop.ts';
import {SessionTrafficLog, type SessionTraffic} from './session-traffic.ts';

type Action<Kind extends HopAction['kind']> = Extract<HopAction, {readonly kind: Kind}>;

/** Hidden states and tokens on their way out of one hop. */
export class HopData {
  readonly #links: HopLinks;
  readonly #report: ReportToHop;
  readonly #traffic = new SessionTrafficLog();

  constructor(options: {readonly links: HopLinks; readonly report: ReportToHop}) {
    this.#links = options.links;
    this.#report = options.report;
  }

  traffic(): readonly SessionTraffic[] {
    return this.#traffic.read();
  }

  /** @returns whether they are on their way. */
  async sendStates(action: Action<'send-states'>): Promise<boolean> {
    const {place, to, states} = action;
    const {position, tokenCount} = states;
    const frameBytes = await this.#send(place, to, statesFrame(action));
    if (frameBytes === null) return false;
    const phase = position < place.open.promptTokens ? 'prefill' : 'decode';
    this.#traffic.add(place.sessionId, {phase, tokenCount, frameBytes});
    return true;
  }

  /**
   * The head waits for this token, the reader only looks at it: the ring goes first.
   *
   * @returns whether the first of both is on its way.
   */
  async sendToken(action: Action<'send-token'>, token: SampledToken): Promise<boolean> {
    const {place, head} = action;
    const {clientId} = place.open;
    const toClient = clientFrame(action, encodeSampledTokens([token]));
    if (head === null) return (await this.#send(place, clientId, toClient)) !== null;
    const toHead = headFrame(action, encodeTokenIds([token.tokenId]));
    const sent = this.#send(place, head, toHead);
    void this.#send(place, clientId, toClient);
    return (await sent) !== null;
  }

  /** @returns bytes sent, or `null` when the link failed, which is reported. */
  async #send({sessionId, epoch}: HopPlace, to: PeerId, frame: Frame): Promise<number | null> {
    const bytes = encodeFrame(frame);
    const {byteLength} = bytes; // They are the transport's then.
    try {
      await this.#links.send(sessionId, to, bytes);
      return byteLength;
    } catch (error) {
      this.#report(sessionId, {kind: 'broken', epoch, code: refusalOf(error, 'PEER_LEFT')});
      return null;
    }
  }
}
