import type {SessionId} from '#shared/base/ids.ts';

/**
 * Steps that wait for the engine, first in first out within a session and in
 * turns between sessions, so that a long prompt cannot starve the others.
 *
 * A session has at most one step outside the queue: the next is handed out
 * after `release`, once the result of the last has been sent.
 */
export class StepQueue<Step, Id extends string = SessionId> {
  readonly #waiting = new Map<Id, Step[]>();
  readonly #outside = new Set<Id>();
  #length = 0;

  /** Steps that wait, over all sessions. */
  get length(): number {
    return this.#length;
  }

  add(sessionId: Id, step: Step): void {
    const steps = this.#waiting.get(sessionId);
    if (steps === undefined) this.#waiting.set(sessionId, [step]);
    else steps.push(step);
    this.#length += 1;
  }

  /** The next step of the session whose turn it is, or `null` when none may run. */
  take(): {readonly sessionId: Id; readonly step: Step} | null {
    for (const [sessionId, steps] of this.#waiting) {
      if (this.#outside.has(sessionId)) continue;
      const step = steps.shift();
      // Re-inserted at the end of the map: its turn comes after all the others.
      this.#waiting.delete(sessionId);
      if (step === undefined) continue;
      if (steps.length > 0) this.#waiting.set(sessionId, steps);
      this.#outside.add(sessionId);
      this.#length -= 1;
      return {sessionId, step};
    }
    return null;
  }

  release(sessionId: Id): void {
    this.#outside.delete(sessionId);
  }

  /** The session with the most steps waiting, or `null` when none waits. */
  longest(): Id | null {
    let found: Id | null = null;
    let most = 0;
    for (const [sessionId, steps] of this.#waiting) {
      if (steps.length <= most) continue;
      most = steps.length;
      found = sessionId;
    }
    return found;
  }

  /** Whether a session has steps that wait or run: it is not silent, it is in line. */
  holds(sessionId: Id): boolean {
    return this.#waiting.has(sessionId) || this.#outside.has(sessionId);
  }

  /** Forgets what waits for a session that is closed. */
  drop(sessionId: Id): void {
    this.#length -= this.#waiting.get(sessionId)?.length ?? 0;
    this.#waiting.delete(sessionId);
  }
}
