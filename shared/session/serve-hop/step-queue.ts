import {assert} from '#shared/base/assert.ts';
import type {PeerId, SessionId} from '#shared/base/ids.ts';

/** The sessions of one client that have steps waiting, the one whose turn is next first. */
type Line<Step, Id> = Map<Id, Step[]>;

/**
 * Steps that wait for the engine, first in first out within a session, in turns between the
 * sessions of one client and in turns between clients: a long prompt cannot starve other answers,
 * nor many answers of one client those of others.
 *
 * A session has at most one step outside the queue: the next is handed out
 * after `release`, once the result of the last has been sent.
 */
export class StepQueue<Step, Id extends string = SessionId, Client extends string = PeerId> {
  readonly #lines = new Map<Client, Line<Step, Id>>();
  readonly #clients = new Map<Id, Client>();
  readonly #outside = new Set<Id>();
  #length = 0;

  /** Steps that wait, over all sessions. */
  get length(): number {
    return this.#length;
  }

  add({sessionId, client}: {readonly sessionId: Id; readonly client: Client}, step: Step): void {
    const line = this.#lines.get(client) ?? new Map<Id, Step[]>();
    this.#lines.set(client, line);
    this.#clients.set(sessionId, client);
    const steps = line.get(sessionId);
    if (steps === undefined) line.set(sessionId, [step]);
    else steps.push(step);
    this.#length += 1;
  }

  /** What is left of a step that was taken: it comes before all others of its session. */
  putBack(sessionId: Id, rest: Step): void {
    const client = this.#clients.get(sessionId);
    assert(client !== undefined, 'what was taken was added before');
    const steps = this.#lines.get(client)?.get(sessionId);
    if (steps === undefined) {
      this.add({sessionId, client}, rest);
      return;
    }
    steps.unshift(rest);
    this.#length += 1;
  }

  /** The next step of the session whose turn it is, of those that `fits`; `null` when none may run. */
  take(
    fits: (step: Step) => boolean = () => true,
  ): {readonly sessionId: Id; readonly step: Step} | null {
    for (const [client, line] of this.#lines) {
      const taken = this.#takeFrom(line, fits);
      if (taken === null) continue;
      // Re-inserted at the end of the map: its turn comes after all the others.
      this.#lines.delete(client);
      if (line.size > 0) this.#lines.set(client, line);
      return taken;
    }
    return null;
  }

  #takeFrom(
    line: Line<Step, Id>,
    fits: (step: Step) => boolean,
  ): {readonly sessionId: Id; readonly step: Step} | null {
    for (const [sessionId, steps] of line) {
      const [step] = steps;
      if (step === undefined || this.#outside.has(sessionId) || !fits(step)) continue;
      steps.shift();
      line.delete(sessionId);
      if (steps.length > 0) line.set(sessionId, steps);
      this.#outside.add(sessionId);
      this.#length -= 1;
      return {sessionId, step};
    }
    return null;
  }

  /** The sessions whose next step `fits`, whether it may run now or not. */
  waiting(fits: (step: Step) => boolean): ReadonlySet<Id> {
    const found = new Set<Id>();
    for (const line of this.#lines.values()) {
      for (const [sessionId, [step]] of line) {
        if (step !== undefined && fits(step)) found.add(sessionId);
      }
    }
    return found;
  }

  release(sessionId: Id): void {
    this.#outside.delete(sessionId);
  }

  /** Of the client with the most steps waiting, the session with the most; `null` when none waits. */
  longest(): Id | null {
    const line = longestOf(this.#lines.values(), lengthOf);
    return line === null ? null : (longestOf(line, ([, steps]) => steps.length)?.[0] ?? null);
  }

  /** Whether a session has steps that wait or run: it is not silent, it is in line. */
  holds(sessionId: Id): boolean {
    return this.#outside.has(sessionId) || this.#lineOf(sessionId)?.has(sessionId) === true;
  }

  /** Forgets what waits for a session that is closed. */
  drop(sessionId: Id): void {
    const line = this.#lineOf(sessionId);
    this.#length -= line?.get(sessionId)?.length ?? 0;
    line?.delete(sessionId);
    const client = this.#clients.get(sessionId);
    if (client !== undefined && line?.size === 0) this.#lines.delete(client);
    this.#clients.delete(sessionId);
  }

  #lineOf(sessionId: Id): Line<Step, Id> | undefined {
    const client = this.#clients.get(sessionId);
    return client === undefined ? undefined : this.#lines.get(client);
  }
}

function lengthOf(line: Line<unknown, unknown>): number {
  let sum = 0;
  for (const steps of line.values()) sum += steps.length;
  return sum;
}

/** The first of the longest; `null` when all are empty. */
function longestOf<T>(all: Iterable<T>, length: (each: T) => number): T | null {
  let found: T | null = null;
  let most = 0;
  for (const each of all) {
    if (length(each) <= most) continue;
    most = length(each);
    found = each;
  }
  return found;
}
