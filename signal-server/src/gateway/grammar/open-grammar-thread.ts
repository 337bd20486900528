import {Worker} from 'node:worker_threads';
import {WeftError} from '#shared/base/errors.ts';
import type {GrammarReply, GrammarRequest} from './grammar-messages.ts';

/** What asks one thread for grammars and masks, one request after the other. */
export interface GrammarThread {
  /**
   * @param limitMs after so long the thread is ended, whatever it does.
   * @throws {GrammarThreadError} when it is gone, or failed.
   */
  call(request: GrammarRequest, limitMs: number): Promise<Exclude<GrammarReply, {kind: 'failed'}>>;
  readonly isLost: boolean;
  close(): void;
}

type Detail = {readonly code: 'GRAMMAR_TOO_SLOW' | 'GRAMMAR_FAILED'};

/** A thread that gave no answer. */
export class GrammarThreadError extends WeftError<Detail> {
  override readonly name = 'GrammarThreadError';
}

/** It keeps no process alive. */
export function openGrammarThread(): GrammarThread {
  return new WorkerThread();
}

type Call = PromiseWithResolvers<GrammarReply>;

class WorkerThread implements GrammarThread {
  readonly #worker = new Worker(new URL('grammar-thread.ts', import.meta.url));
  /** The thread answers in the order in which it was asked. */
  readonly #calls: Call[] = [];
  #lost: GrammarThreadError | null = null;

  constructor() {
    this.#worker.unref();
    this.#worker.on('message', (reply: GrammarReply) => this.#calls.shift()?.resolve(reply));
    const lose = (cause?: unknown): void => {
      this.#lose('GRAMMAR_FAILED', 'The thread of the grammar ended', cause);
    };
    this.#worker.on('error', lose);
    this.#worker.on('exit', () => {
      lose();
    });
  }

  get isLost(): boolean {
    return this.#lost !== null;
  }

  async call(
    request: GrammarRequest,
    limitMs: number,
  ): Promise<Exclude<GrammarReply, {kind: 'failed'}>> {
    if (this.#lost !== null) throw this.#lost;
    const call = Promise.withResolvers<GrammarReply>();
    this.#calls.push(call);
    const timer = setTimeout(() => {
      this.#lose('GRAMMAR_TOO_SLOW', `The grammar took more than ${limitMs} ms`);
    }, limitMs);
    this.#worker.postMessage(request, []);
    try {
      const reply = await call.promise;
      if (reply.kind !== 'failed') return reply;
      throw new GrammarThreadError({code: 'GRAMMAR_FAILED'}, `The grammar failed: ${reply.reason}`);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#lose('GRAMMAR_FAILED', 'The thread of the grammar was closed');
  }

  #lose(code: Detail['code'], message: string, cause?: unknown): void {
    if (this.#lost !== null) return;
    this.#lost = new GrammarThreadError({code}, message, {cause});
    for (const {reject} of this.#calls.splice(0)) reject(this.#lost);
    void this.#worker.terminate();
  }
}
