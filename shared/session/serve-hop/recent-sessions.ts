import type {SessionId} from '#shared/base/ids.ts';

const REMEMBERED = 256;

/** The sessions that this hop closed last: late frames of theirs are dropped, not refused. */
export class RecentSessions {
  readonly #ids = new Set<SessionId>();

  add(sessionId: SessionId): void {
    this.#ids.add(sessionId);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= REMEMBERED) return;
      this.#ids.delete(oldest);
    }
  }

  has(sessionId: SessionId): boolean {
    return this.#ids.has(sessionId);
  }
}
