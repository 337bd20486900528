import {WeftError} from '#shared/base/errors.ts';

type Options = {
  /** How many answers the swarm serves at once; 0: none, so nobody is kept waiting to hear so. */
  readonly capacity: () => number;
  /** How many of them one caller has at most, whoever else asks; by default, all. */
  readonly mostPerCaller?: number;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly wait: (ms: number) => Promise<unknown>;
  /** What requests wait for, in words. */
  readonly waitsFor: string;
};

/** Answers that run, and that wait for their turn. */
export type TurnCounts = {readonly running: number; readonly waiting: number};

export type Caller = {
  readonly id: string;
  /** So many answers at once, and as many requests that wait; by default, as many as there is room for. */
  readonly mostAnswers?: number | undefined;
};

/** The turns of one request: one for each of its answers. */
export interface RequestTurns {
  /**
   * Waits for the next turn.
   *
   * @returns what ends it; safe to call twice.
   * @throws {GatewayBusyError}, unless an answer of the request has begun; the reason of `signal`.
   */
  take(options: {readonly signal: AbortSignal}): Promise<() => void>;
}

type Asked = {
  readonly caller: Caller;
  /** Whether one of its answers has: it is not given up then, whoever comes. */
  hasBegun: boolean;
  refusal: GatewayBusyError | null;
};

type Waiter = {
  readonly asked: Asked;
  /** There is room, which is kept for others for a moment. */
  isHeld: boolean;
  readonly begin: () => void;
  readonly refuse: (cause: unknown) => void;
};

/** As many may wait as are served, and at least so many: who comes then waits about as long as an answer takes. */
const LEAST_WAITING = 6;
/** Requests that come within so long of each other came at the same moment, however their connections were read. */
const SAME_MOMENT_MS = 40;
/** An answer takes so long, as far as anybody knows before the first. */
const FIRST_ANSWER_MS = 5_000;
/** Part of the newest in the mean. */
const NEWEST_PART = 1 / 8;
const MOST_RETRY_S = 60;

/** No room, and too many wait already: the caller tries again later. */
export class GatewayBusyError extends WeftError<{
  readonly code: 'GATEWAY_BUSY';
  readonly retryAfterMs: number;
}> {
  override readonly name = 'GatewayBusyError';
}

/**
 * Whose answer is next: callers take turns, and the answers of each come in their order. Whoever has half of the
 * room lets a moment pass before they take more of it, in case that others have just asked too. When more wait than
 * there is room for, the newest request of whoever has the most waiting is refused, so that whoever asks a hundred
 * times crowds out themselves. The answers of one request begin or are refused together.
 */
export class CallerQueue {
  readonly #options: Options;
  /** In the order in which callers have their next turn. */
  readonly #queues = new Map<string, Waiter[]>();
  readonly #running = new Map<string, number>();
  #runningCount = 0;
  #waitingCount = 0;
  #meanAnswerMs = FIRST_ANSWER_MS;

  constructor(options: Options) {
    this.#options = options;
  }

  get counts(): TurnCounts {
    return {running: this.#runningCount, waiting: this.#waitingCount};
  }

  /** A request of this caller, which has asked for no turn yet. */
  enter(caller: Caller): RequestTurns {
    const asked: Asked = {caller, hasBegun: false, refusal: null};
    return {take: async (options) => await this.#take(asked, options)};
  }

  /** There may be room that was not there before. */
  look(): void {
    const capacity = this.#options.capacity();
    const most = capacity === 0 ? Infinity : capacity;
    while (this.#runningCount < most) {
      const next = this.#next();
      if (next === null) return;
      this.#begin(next);
    }
  }

  close(): void {
    for (const waiter of [...this.#queues.values()].flat()) {
      if (this.#remove(waiter)) waiter.refuse(this.#busy());
    }
  }

  async #take(asked: Asked, {signal}: {readonly signal: AbortSignal}): Promise<() => void> {
    const {id} = asked.caller;
    signal.throwIfAborted();
    if (asked.refusal !== null) throw asked.refusal;
    const turn = Promise.withResolvers<void>();
    const isHeld = this.#hasHalf(id);
    const waiter: Waiter = {asked, isHeld, begin: turn.resolve, refuse: turn.reject};
    const giveUp = (): void => {
      if (this.#remove(waiter)) turn.reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, {once: true});
    this.#enqueue(waiter);
    if (isHeld) void this.#letGo(waiter);
    this.look();
    this.#makeRoom(id);
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
    return this.#turnOf(id);
  }

  async #letGo(waiter: Waiter): Promise<void> {
    await this.#options.wait(SAME_MOMENT_MS);
    waiter.isHeld = false;
    this.look();
  }

  /** And there is room left. */
  #hasHalf(id: string): boolean {
    const capacity = this.#options.capacity();
    return this.#runningCount < capacity && 2 * (this.#running.get(id) ?? 0) >= capacity;
  }

  #turnOf(id: string): () => void {
    const startMs = this.#options.nowMs();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const tookMs = this.#options.nowMs() - startMs;
      this.#meanAnswerMs += (tookMs - this.#meanAnswerMs) * NEWEST_PART;
      this.#runningCount -= 1;
      const left = (this.#running.get(id) ?? 1) - 1;
      if (left === 0) this.#running.delete(id);
      else this.#running.set(id, left);
      this.look();
    };
  }

  #enqueue(waiter: Waiter): void {
    const {id} = waiter.asked.caller;
    const queue = this.#queues.get(id) ?? [];
    queue.push(waiter);
    this.#queues.set(id, queue);
    this.#waitingCount += 1;
  }

  #remove(waiter: Waiter): boolean {
    const {id} = waiter.asked.caller;
    const queue = this.#queues.get(id);
    const at = queue?.indexOf(waiter) ?? -1;
    if (queue === undefined || at === -1) return false;
    queue.splice(at, 1);
    this.#waitingCount -= 1;
    if (queue.length === 0) this.#queues.delete(id);
    return true;
  }

  /** Of whoever has the fewest answers running; among equals, whose turn it is. O(callers). */
  #next(): Waiter | null {
    let next: Waiter | null = null;
    let fewest = Infinity;
    const {mostPerCaller = Infinity} = this.#options;
    for (const [id, [first]] of this.#queues) {
      const running = this.#running.get(id) ?? 0;
      const most = Math.min(mostPerCaller, first?.asked.caller.mostAnswers ?? Infinity);
      if (first === undefined || first.isHeld || running >= Math.min(fewest, most)) continue;
      fewest = running;
      next = first;
    }
    return next;
  }

  #begin(waiter: Waiter): void {
    const {asked, begin} = waiter;
    const {id} = asked.caller;
    const queue = this.#queues.get(id);
    this.#remove(waiter);
    if (queue !== undefined && queue.length > 0) {
      this.#queues.delete(id);
      this.#queues.set(id, queue);
    }
    this.#runningCount += 1;
    this.#running.set(id, (this.#running.get(id) ?? 0) + 1);
    asked.hasBegun = true;
    begin();
  }

  /** @param id of whoever has just come. */
  #makeRoom(id: string): void {
    const refused = this.#overOwn(id) ?? this.#overAll();
    if (refused === null) return;
    refused.refusal = this.#busy();
    for (const waiter of this.#notBegun(refused.caller.id)) {
      if (waiter.asked === refused && this.#remove(waiter)) waiter.refuse(refused.refusal);
    }
  }

  /** The newest request of a caller that has more waiting than it may have answers at once. */
  #overOwn(id: string): Asked | null {
    const waiting = new Set(this.#notBegun(id).map(({asked}) => asked));
    const newest = [...waiting].at(-1) ?? null;
    return waiting.size > (newest?.caller.mostAnswers ?? Infinity) ? newest : null;
  }

  /**
   * The newest request of whoever has the most answers waiting, when too many do. Of callers with equally many, that of
   * the one whose turn is last: nobody who has waited makes room for a newcomer.
   */
  #overAll(): Asked | null {
    let waitingCount = 0;
    let heldCount = 0;
    let longest: readonly Waiter[] = [];
    for (const id of this.#queues.keys()) {
      const waiting = this.#notBegun(id);
      waitingCount += waiting.length;
      heldCount += waiting.filter(({isHeld}) => isHeld).length;
      if (waiting.length >= longest.length) longest = waiting;
    }
    // Those for whom there is room wait for none.
    const roomCount = Math.min(heldCount, this.#options.capacity() - this.#runningCount);
    const isFull = waitingCount - roomCount > this.#mostWaiting();
    return isFull ? (longest.at(-1)?.asked ?? null) : null;
  }

  /** Those that wait of requests that may still be refused. */
  #notBegun(id: string): readonly Waiter[] {
    return (this.#queues.get(id) ?? []).filter(({asked}) => !asked.hasBegun);
  }

  #mostWaiting(): number {
    return Math.max(LEAST_WAITING, this.#options.capacity());
  }

  #busy(): GatewayBusyError {
    const rounds = (this.#waitingCount + 1) / Math.max(1, this.#options.capacity());
    const seconds = Math.min(
      MOST_RETRY_S,
      Math.max(1, Math.ceil((rounds * this.#meanAnswerMs) / 1_000)),
    );
    return new GatewayBusyError(
      {code: 'GATEWAY_BUSY', retryAfterMs: seconds * 1_000},
      `Too many requests wait for ${this.#options.waitsFor}: try again in ${seconds} s`,
    );
  }
}
