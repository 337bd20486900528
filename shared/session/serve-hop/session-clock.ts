import type {SessionId} from '#shared/base/ids.ts';
import type {HopLimits} from './hop-session/hop-context.ts';
import type {OpenState} from './hop-session/session-state.ts';

type Times = {
  /** When it was opened, or resumed after it had been used. */
  readonly openedMs: number;
  /** When a frame was last taken or run; `null`: none since it was opened. */
  readonly usedMs: number | null;
  /** When it was opened first. */
  readonly firstOpenedMs: number;
  /** Frames that brought it further than it had been before, in any epoch. */
  readonly steps: number;
  /** The farthest position to which it was fed. */
  readonly farthest: number;
};

/** What is no pause yet: hops link, a prompt is computed. */
const PAUSE_MS = 30_000;

/** Since when the sessions of a hop wait for what comes next. */
export class SessionClock {
  readonly #times = new Map<SessionId, Times>();

  /** Whoever opens the same session again and again, and never uses it, gains no time. */
  opened(sessionId: SessionId, nowMs: number): void {
    const before = this.#times.get(sessionId);
    if (before !== undefined && before.usedMs === null) return;
    const {firstOpenedMs, steps, farthest} = before ?? {
      firstOpenedMs: nowMs,
      steps: 0,
      farthest: 0,
    };
    this.#times.set(sessionId, {openedMs: nowMs, usedMs: null, firstOpenedMs, steps, farthest});
  }

  used(sessionId: SessionId, nowMs: number): void {
    const before = this.#times.get(sessionId);
    if (before !== undefined) this.#times.set(sessionId, {...before, usedMs: nowMs});
  }

  /** A frame was taken that ends before `position`. */
  fed(sessionId: SessionId, position: number, nowMs: number): void {
    const before = this.#times.get(sessionId);
    if (before === undefined) return;
    const isFurther = position > before.farthest;
    const steps = before.steps + (isFurther ? 1 : 0);
    const farthest = Math.max(before.farthest, position);
    this.#times.set(sessionId, {...before, usedMs: nowMs, steps, farthest});
  }

  /** Whether a session that was used came forward more slowly than a step every so many ms, a pause left out. */
  isSlowerThan(stepMs: number, sessionId: SessionId, nowMs: number): boolean {
    const times = this.#times.get(sessionId);
    if (times === undefined || times.usedMs === null) return false;
    return nowMs - times.firstOpenedMs > PAUSE_MS + stepMs * times.steps;
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
