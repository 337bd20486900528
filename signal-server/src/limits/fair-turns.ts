import {Allowance} from '#shared/base/allowance.ts';

type Options = {
  readonly perSec: number;
  /** So many turns at once after a rest. */
  readonly burst: number;
  /** More than that cost the one that waits longest in the longest queue. */
  readonly maxWaiting: number;
  /** So many turns at the same time, each until `done`; any number by default. */
  readonly maxRunning?: number;
};

type Waiter = {readonly answer: (isMine: boolean) => void};

/**
 * Turns at a limited rate, shared evenly: sources take turns, and within a
 * source the latest comes first. Whoever asks a thousand times crowds out
 * themselves; the one that has waited longest has most likely given up, and a crowd that
 * came a moment earlier does not hold up the one who comes after it.
 */
export class FairTurns {
  readonly #options: Options;
  /** In the order in which sources have their next turn. */
  readonly #queues = new Map<string, Waiter[]>();
  #waitingCount = 0;
  #runningCount = 0;
  readonly #turns: Allowance;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(options: Options) {
    this.#options = options;
    this.#turns = new Allowance(options);
  }

  /** Nobody waits and the burst is whole again: nothing would change without this object. */
  get isIdle(): boolean {
    const isUnused = this.#waitingCount === 0 && this.#runningCount === 0;
    return isUnused && this.#turns.isWhole(performance.now());
  }

  /** @returns whether it is `source`'s turn; `false` when it was crowded out or `signal` fired. */
  async take(source: string, {signal}: {readonly signal: AbortSignal}): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#waitingCount === 0 && this.#isFree()) {
      this.#begin();
      return true;
    }
    const turn = Promise.withResolvers<boolean>();
    const waiter: Waiter = {answer: turn.resolve};
    const giveUp = () => {
      if (this.#remove(source, waiter)) waiter.answer(false);
    };
    signal.addEventListener('abort', giveUp);
    this.#enqueue(source, waiter);
    this.#schedule();
    const isMine = await turn.promise;
    signal.removeEventListener('abort', giveUp);
    return isMine;
  }

  /** The holder of a turn no longer needs it. Only where `maxRunning` is set. */
  done(): void {
    if (this.#options.maxRunning === undefined) return;
    this.#runningCount -= 1;
    this.#schedule();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const [source, queue] of this.#queues) {
      for (const waiter of queue.slice()) {
        this.#remove(source, waiter);
        waiter.answer(false);
      }
    }
  }

  #enqueue(source: string, waiter: Waiter): void {
    const queue = this.#queues.get(source) ?? [];
    queue.push(waiter);
    this.#queues.set(source, queue);
    this.#waitingCount += 1;
    if (this.#waitingCount > this.#options.maxWaiting) this.#dropFromLongest();
  }

  #dropFromLongest(): void {
    const [longest] = [...this.#queues].toSorted(([, one], [, other]) => other.length - one.length);
    if (longest === undefined) return;
    const [source, queue] = longest;
    const [first] = queue;
    if (first === undefined || !this.#remove(source, first)) return;
    first.answer(false);
  }

  #remove(source: string, waiter: Waiter): boolean {
    const queue = this.#queues.get(source);
    const index = queue?.lastIndexOf(waiter) ?? -1;
    if (queue === undefined || index === -1) return false;
    queue.splice(index, 1);
    this.#waitingCount -= 1;
    if (queue.length === 0) this.#queues.delete(source);
    return true;
  }

  #schedule(): void {
    if (this.#timer !== null || this.#waitingCount === 0 || this.#isFull()) return;
    this.#turns.leftAt(performance.now());
    const waitMs = Math.ceil(this.#turns.waitMs(1));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      while (this.#isFree() && this.#giveTurn()) this.#begin();
      this.#schedule();
    }, waitMs);
  }

  #isFree(): boolean {
    return this.#turns.leftAt(performance.now()) >= 1 && !this.#isFull();
  }

  #isFull(): boolean {
    return this.#runningCount >= (this.#options.maxRunning ?? Infinity);
  }

  #begin(): void {
    this.#turns.take(performance.now());
    if (this.#options.maxRunning !== undefined) this.#runningCount += 1;
  }

  #giveTurn(): boolean {
    const [next] = this.#queues;
    if (next === undefined) return false;
    const [source, queue] = next;
    const waiter = queue.at(-1);
    if (waiter === undefined || !this.#remove(source, waiter)) return false;
    if (queue.length > 0) {
      this.#queues.delete(source);
      this.#queues.set(source, queue);
    }
    waiter.answer(true);
    return true;
  }
}
