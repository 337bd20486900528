import type {SessionId} from '#shared/base/ids.ts';

/** What one hop sent to the next for one session: activations with their frame headers, as given to the transport. */
export type SessionTraffic = {
  readonly sessionId: SessionId;
  readonly prefillTokens: number;
  readonly prefillBytes: number;
  readonly decodeTokens: number;
  readonly decodeBytes: number;
};

type Counts = {-readonly [K in keyof SessionTraffic]: SessionTraffic[K]};

const REMEMBERED = 1024;

/** Counts per session; the oldest sessions are forgotten first. */
export class SessionTrafficLog {
  readonly #bySession = new Map<SessionId, Counts>();

  add(
    sessionId: SessionId,
    sent: {
      readonly phase: 'prefill' | 'decode';
      readonly tokenCount: number;
      readonly frameBytes: number;
    },
  ): void {
    const counts = this.#of(sessionId);
    if (sent.phase === 'prefill') {
      counts.prefillTokens += sent.tokenCount;
      counts.prefillBytes += sent.frameBytes;
    } else {
      counts.decodeTokens += sent.tokenCount;
      counts.decodeBytes += sent.frameBytes;
    }
  }

  read(): readonly SessionTraffic[] {
    return [...this.#bySession.values()].map((counts) => ({...counts}));
  }

  #of(sessionId: SessionId): Counts {
    const held = this.#bySession.get(sessionId);
    if (held !== undefined) return held;
    const counts = {sessionId, prefillTokens: 0, prefillBytes: 0, decodeTokens: 0, decodeBytes: 0};
    this.#bySession.set(sessionId, counts);
    for (const oldest of this.#bySession.keys()) {
      if (this.#bySession.size <= REMEMBERED) break;
      this.#bySession.delete(oldest);
    }
    return counts;
  }
}
