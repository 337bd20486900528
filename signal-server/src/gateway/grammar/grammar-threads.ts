import {setTimeout as wait} from 'node:timers/promises';
import {CallerQueue, type Caller} from '../turns/caller-queue.ts';
import type {GrammarTokens} from './grammar-messages.ts';
import {openGrammarThread, type GrammarThread} from './open-grammar-thread.ts';

/** A thread for one request, in which its grammar is the only one. */
export type GrammarLease = {readonly thread: GrammarThread; readonly release: () => void};

type Options = {
  /** Of this model. */
  readonly tokens: () => Promise<GrammarTokens>;
  /** Threads at once: each holds the tokens of a model, some tens of MiB. */
  readonly mostThreads?: number;
  readonly openThread?: () => GrammarThread;
};

const MOST_THREADS = 4;
/** A thread that waits for the next request saves it the time to read the tokens. */
const MOST_IDLE = 1;
/** For the tokens of a large vocabulary, on a slow machine. */
const OPEN_MS = 60_000;

/**
 * The threads in which grammars of one model are made and followed: what a caller sends costs nobody but its own
 * request, which has a thread to itself. Callers take turns at them, and none has the last.
 */
export class GrammarThreads {
  readonly #options: Options;
  readonly #idle: GrammarThread[] = [];
  readonly #leased = new Set<GrammarThread>();
  readonly #places: CallerQueue;

  constructor(options: Options) {
    const {mostThreads = MOST_THREADS} = options;
    this.#options = options;
    this.#places = new CallerQueue({
      capacity: () => mostThreads,
      // A schema may take its thread for long, and whoever has none waits for none of another's.
      mostPerCaller: Math.max(1, mostThreads - 1),
      nowMs: () => performance.now(),
      wait,
      waitsFor: 'a thread that follows their schema',
    });
  }

  /** Requests that wait for a thread. */
  get waitingCount(): number {
    return this.#places.counts.waiting;
  }

  /** Waits for a thread. @throws {GatewayBusyError}; {GrammarThreadError}; the reason of `signal`. */
  async lease(caller: Caller, {signal}: {readonly signal: AbortSignal}): Promise<GrammarLease> {
    const leavePlace = await this.#places.enter(caller).take({signal});
    try {
      const thread = this.#idle.pop() ?? (await this.#open());
      this.#leased.add(thread);
      const release = (): void => {
        this.#release(thread);
        leavePlace();
      };
      return {thread, release};
    } catch (cause) {
      leavePlace();
      throw cause;
    }
  }

  close(): void {
    this.#places.close();
    for (const thread of [...this.#idle.splice(0), ...this.#leased]) thread.close();
  }

  async #open(): Promise<GrammarThread> {
    const {tokens, openThread = openGrammarThread} = this.#options;
    const known = await tokens();
    const thread = openThread();
    await thread.call({kind: 'open', tokens: known}, OPEN_MS);
    return thread;
  }

  #release(thread: GrammarThread): void {
    if (!this.#leased.delete(thread)) return;
    if (!thread.isLost && this.#idle.length < MOST_IDLE) this.#idle.push(thread);
    else thread.close();
  }
}
