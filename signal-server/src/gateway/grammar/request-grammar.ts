import {WeftError} from '#shared/base/errors.ts';
import type {TokenGuide} from '#shared/client/reader-event.ts';
import type {Caller} from '../turns/caller-queue.ts';
import type {AnswerGrammar} from './grammar-messages.ts';
import type {GrammarLease, GrammarThreads} from './grammar-threads.ts';
import {GrammarThreadError} from './open-grammar-thread.ts';

/** A schema that passes every check is a grammar in some milliseconds, one that counts characters in a second or two. */
const COMPILE_MS = 10_000;
/** Of one token. A thread that takes longer is as good as dead. */
const MASK_MS = 5_000;

/** The grammar cannot be made, or not in time. */
export class GrammarRefusedError extends WeftError<{
  readonly code: 'GRAMMAR_REFUSED' | 'GRAMMAR_TOO_LARGE';
  /** The field of the request that it comes from. */
  readonly param: 'response_format' | 'tools';
}> {
  override readonly name = 'GrammarRefusedError';
}

/** The grammar of one request, in a thread of its own from the first of its answers to its end. */
export class RequestGrammar {
  readonly #threads: GrammarThreads;
  readonly #grammar: AnswerGrammar;
  readonly #caller: Caller;
  #lease: Promise<GrammarLease> | null = null;
  #answers = 0;

  constructor(
    threads: GrammarThreads,
    {grammar, caller}: {readonly grammar: AnswerGrammar; readonly caller: Caller},
  ) {
    this.#threads = threads;
    this.#grammar = grammar;
    this.#caller = caller;
  }

  /**
   * What guides the next answer of the request.
   *
   * @throws {GrammarRefusedError}; {GrammarThreadError}; the reason of `signal`.
   */
  async guide({signal}: {readonly signal: AbortSignal}): Promise<TokenGuide> {
    this.#lease ??= this.#open(signal);
    const {thread} = await this.#lease;
    const answerId = this.#answers;
    this.#answers += 1;
    let knownCount = 0;
    return {
      allowed: async (answered) => {
        const tokenIds = answered.slice(knownCount);
        knownCount = answered.length;
        const reply = await this.#within(MASK_MS, 'for a token', (limitMs) =>
          thread.call({kind: 'allowed', answerId, tokenIds}, limitMs),
        );
        if (reply.kind !== 'allowed')
          throw new Error(`A mask was asked for, and "${reply.kind}" came`);
        return reply.mask;
      },
    };
  }

  /** Its answers are over. */
  close(): void {
    if (this.#lease !== null) void releaseWhenOpen(this.#lease);
  }

  async #open(signal: AbortSignal): Promise<GrammarLease> {
    const lease = await this.#threads.lease(this.#caller, {signal});
    const grammar = this.#grammar;
    try {
      const reply = await this.#within(COMPILE_MS, 'to be made a grammar', (limitMs) =>
        lease.thread.call({kind: 'compile', grammar}, limitMs),
      );
      if (reply.kind !== 'refused') return lease;
      // The library gives up in the middle, and may leave anything behind.
      lease.thread.close();
      throw refused(grammar);
    } catch (cause) {
      lease.release();
      throw cause;
    }
  }

  /** @throws {GrammarRefusedError} when it takes longer: what makes a grammar slow is in its schema. */
  async #within<T>(
    limitMs: number,
    what: string,
    call: (limitMs: number) => Promise<T>,
  ): Promise<T> {
    try {
      return await call(limitMs);
    } catch (cause) {
      const isSlow =
        cause instanceof GrammarThreadError && cause.detail.code === 'GRAMMAR_TOO_SLOW';
      if (!isSlow) throw cause;
      throw new GrammarRefusedError(
        {code: 'GRAMMAR_TOO_LARGE', param: paramOf(this.#grammar)},
        `The schema takes more than ${limitMs} ms ${what}: make it simpler`,
        {cause},
      );
    }
  }
}

async function releaseWhenOpen(opening: Promise<GrammarLease>): Promise<void> {
  try {
    const {release} = await opening;
    release();
  } catch {
    // Then there is nothing to release, and whoever opened it has heard why.
  }
}

function refused(grammar: AnswerGrammar): GrammarRefusedError {
  return new GrammarRefusedError(
    {code: 'GRAMMAR_REFUSED', param: paramOf(grammar)},
    'The schema cannot be followed token by token: make it simpler',
  );
}

function paramOf({kind}: AnswerGrammar): 'response_format' | 'tools' {
  return kind === 'json' ? 'response_format' : 'tools';
}
