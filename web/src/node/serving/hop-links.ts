import type {PeerId, SessionId} from '#shared/base/ids.ts';
import type {HopServed} from '#shared/protocol/control/hop-served.ts';
import {connectWithin} from '#shared/transport/connect-within.ts';
import type {Transport} from '#shared/transport/transport.ts';
import {SessionTimes} from './session-times.ts';

type Link = {
  /** Aborted when the session is freed or resumed: what it still sends is not sent any more. */
  readonly ended: AbortController;
  readonly times: SessionTimes;
  /** The last of what is to be sent, and how much of it is not on its way yet. */
  last: Promise<unknown>;
  waiting: number;
};

/** What the sessions of one hop send, each in its order and one at a time: that is the back-pressure. */
export class HopLinks {
  readonly #transport: Transport;
  readonly #links = new Map<SessionId, Link>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** A session begins here, or goes on in another chain. */
  open(sessionId: SessionId): void {
    const before = this.#links.get(sessionId);
    before?.ended.abort();
    const times = before?.times ?? new SessionTimes();
    this.#links.set(sessionId, {
      ended: new AbortController(),
      times,
      last: Promise.resolve(),
      waiting: 0,
    });
  }

  close(sessionId: SessionId): void {
    this.#links.get(sessionId)?.ended.abort();
    this.#links.delete(sessionId);
  }

  /** Where the session's steps are timed; `null` when it is closed. */
  timesOf(sessionId: SessionId): SessionTimes | null {
    return this.#links.get(sessionId)?.times ?? null;
  }

  /** Whether all that a session had to send is on its way: the next goes out without waiting for a peer. */
  isFree(sessionId: SessionId): boolean {
    return this.#links.get(sessionId)?.waiting === 0;
  }

  servedBy(sessionId: SessionId, hopIndex: number): HopServed {
    return (this.timesOf(sessionId) ?? new SessionTimes()).read(hopIndex);
  }

  /** @throws what the transport throws, or the reason when the session has ended. */
  async connect(
    sessionId: SessionId,
    {peers, visitors}: {readonly peers: readonly PeerId[]; readonly visitors: readonly PeerId[]},
  ): Promise<void> {
    const transport = this.#transport;
    const options = {signal: this.#signalOf(sessionId)};
    await Promise.all([
      ...peers.map(async (peerId) => connectWithin(transport, peerId, options)),
      ...visitors.map(async (peerId) => transport.awaitLink(peerId, options)),
    ]);
  }

  /** @throws what the transport throws, or the reason when the session has ended. */
  async send(sessionId: SessionId, to: PeerId, bytes: Uint8Array): Promise<void> {
    const link = this.#links.get(sessionId);
    const signal = this.#signalOf(sessionId);
    const before = link?.last;
    const sent = (async () => {
      await before;
      await this.#transport.send(to, bytes, {signal});
    })();
    if (link === undefined) return await sent;
    link.last = sent;
    link.waiting += 1;
    try {
      await sent;
    } finally {
      link.waiting -= 1;
    }
  }

  #signalOf(sessionId: SessionId): AbortSignal {
    return this.#links.get(sessionId)?.ended.signal ?? AbortSignal.abort();
  }
}
