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
 * request, which has a thread to itself.
 */
export class GrammarThreads {
  readonly #options: Options;
  readonly #idle: GrammarThread[] = [];
  readonly #leased = new Set<GrammarThread>();
  readonly #waiting: (() => void)[] = [];
  #leasedCount = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Waits for a thread. @throws {GrammarThreadError}; the reason of `signal`. */
  async lease({signal}: {readonly signal: AbortSignal}): Promise<GrammarLease> {
    await this.#takePlace(signal);
    try {
      const thread = this.#idle.pop() ?? (await this.#open());
      this.#leased.add(thread);
      return {thread, release: () => this.#release(thread)};
    } catch (cause) {
      this.#leavePlace();
      throw cause;
    }
  }

  close(): void {
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
    this.#leavePlace();
  }

  async #takePlace(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#leasedCount < (this.#options.mostThreads ?? MOST_THREADS)) {
      this.#leasedCount += 1;
      return;
    }
    const turn = Promise.withResolvers<void>();
    const begin = (): void => {
      turn.resolve();
    };
    const giveUp = (): void => {
      const at = this.#waiting.indexOf(begin);
      if (at === -1) return;
      this.#waiting.splice(at, 1);
      turn.reject(signal.reason);
    };
    this.#waiting.push(begin);
    signal.addEventListener('abort', giveUp, {once: true});
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** The place goes on to whoever waits longest. */
  #leavePlace(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#leasedCount -= 1;
    else next();
  }
}
