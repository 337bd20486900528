import type {SessionId} from '#shared/base/ids.ts';
import type {HopLimits} from './hop-session/hop-context.ts';
import type {OpenState} from './hop-session/session-state.ts';

type Times = {
  /** When it was opened, or resumed after it had been used. */
  readonly openedMs: number;
  /** When a frame was last taken or run; `null`: none since it was opened. */
  readonly usedMs: number | null;
};

/** Since when the sessions of a hop wait for what comes next. */
export class SessionClock {
  readonly #times = new Map<SessionId, Times>();

  /** Whoever opens the same session again and again, and never uses it, gains no time. */
  opened(sessionId: SessionId, nowMs: number): void {
    const before = this.#times.get(sessionId);
    if (before !== undefined && before.usedMs === null) return;
    this.#times.set(sessionId, {openedMs: nowMs, usedMs: null});
  }

  used(sessionId: SessionId, nowMs: number): void {
    const before = this.#times.get(sessionId);
    if (before !== undefined) this.#times.set(sessionId, {...before, usedMs: nowMs});
  }

  isUnused(sessionId: SessionId): boolean {
    return this.#times.get(sessionId)?.usedMs === null;
  }

  forget(sessionId: SessionId): void {
    this.#times.delete(sessionId);
  }

  /** Whether the session has been silent for longer than it may. */
  isOverdue(
    sessionId: SessionId,
    {kind}: OpenState,
    {
      nowMs,
      limits: {openTimeoutMs, unusedTimeoutMs, idleTimeoutMs},
    }: {readonly nowMs: number; readonly limits: HopLimits},
  ): boolean {
    const times = this.#times.get(sessionId);
    if (times === undefined) return false;
    const {openedMs, usedMs} = times;
    if (usedMs !== null) return nowMs - usedMs > idleTimeoutMs;
    const isOpening = kind === 'reserving' || kind === 'linking';
    const limitMs = Math.min(idleTimeoutMs, isOpening ? openTimeoutMs : unusedTimeoutMs);
    return nowMs - openedMs > limitMs;
  }
}
