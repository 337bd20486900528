import {asSessionId, type PeerId, type SessionId} from '#shared/base/ids.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import {ClosedPeers} from '#shared/scheduling/routing/trust/closed-peers.ts';
import type {GenerationRequest, ReaderEvent} from './reader-event.ts';
import type {LinkLoss} from '#shared/transport/transport.ts';
import {RunningAnswer, type AnswerContext} from './running-answer.ts';

export type GenerationClientOptions<H extends Hop = Hop> = AnswerContext<H> & {
  /** Calls back whenever the snapshot has changed. */
  readonly onSnapshot: (listener: () => void) => unknown;
  /** On the clock of the records. */
  readonly unixMs: () => number;
  readonly newSessionId: () => SessionId;
};

/** Asks the swarm: each answer is one session, over one chain after the other. Several may run at once. */
export class GenerationClient<H extends Hop = Hop> {
  readonly #options: GenerationClientOptions<H>;
  readonly #closed: ClosedPeers;
  readonly #answers = new Map<SessionId, RunningAnswer<H>>();

  constructor(options: GenerationClientOptions<H>) {
    this.#options = options;
    this.#closed = new ClosedPeers(options.publishedAtMs, options.unixMs);
    options.transport.onPeerClosed((peerId, loss) => {
      this.#loseLink(peerId, loss);
    });
    options.onSnapshot(() => {
      for (const answer of this.#answers.values()) answer.seeSnapshot();
    });
  }

  /** Outside of answers too: whoever is gone is listed for a while, and the next question should not ask it first. */
  #loseLink(peerId: PeerId, loss: LinkLoss): void {
    if (loss === 'closed') this.#closed.add(peerId);
    const answers = [...this.#answers.values()];
    if (!answers.some((answer) => answer.hasHop(peerId))) {
      const conduct = {kind: 'left', code: 'PEER_LEFT', isCertain: false} as const;
      this.#options.report?.({peerId, conduct});
    }
    for (const answer of answers) answer.loseLink(peerId, loss);
  }

  /**
   * Takes one frame that is addressed to the client; what belongs to no answer is ignored.
   *
   * @returns whether there is such an answer.
   */
  receive(from: PeerId, frame: Frame): boolean {
    const answer = this.#answers.get(frame.sessionId);
    answer?.receive(from, frame);
    return answer !== undefined;
  }

  /**
   * The answer as it comes. Ends the session in every hop when the reader stops
   * or `signal` aborts.
   *
   * @throws {GenerationFailedError} when the answer cannot be completed.
   * @throws {LayersLostError} when it had begun, and nobody holds some layers any more.
   * @throws {PromptTooLongError} when no chain could ever have room for it.
   * @throws {SwarmFullError} when there was no room for it in all the time that it may wait.
   */
  async *generate(
    request: GenerationRequest,
    {signal}: {readonly signal: AbortSignal},
  ): AsyncGenerator<ReaderEvent<H>, void, undefined> {
    const sessionId = this.#options.newSessionId();
    const answer = new RunningAnswer(this.#options, {
      sessionId,
      request,
      closed: this.#closed,
    });
    this.#answers.set(sessionId, answer);
    try {
      yield* answer.read(signal);
    } finally {
      this.#answers.delete(sessionId);
    }
  }
}

/** 16 hex digits out of 8 random bytes. */
export function sessionIdFrom(bytes: Uint8Array): SessionId {
  return asSessionId(Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''));
}
