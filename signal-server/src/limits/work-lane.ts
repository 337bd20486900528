import {KeyedAllowance} from './keyed-allowance.ts';

/** One connection, and the address that it counts for. */
export type WorkSource = {readonly address: string; readonly peer: string};

type Options = {
  /** What one peer may cost, once its burst is spent. */
  readonly unitsPerSecond: number;
  readonly burstUnits: number;
  /** What a peer asks for while so much of its own waits is refused. */
  readonly maxWaitingPerPeer: number;
};

type Waiter = {readonly units: number; readonly answer: (isMine: boolean) => void};

/**
 * The order in which a server does what peers ask of it: one piece of work in
 * each turn of the event loop, so that all else goes on between two of them.
 * Addresses take turns, then the peers of an address, and who has spent its
 * units waits until it has earned them again. Whoever asks a thousand times
 * waits behind itself.
 */
export class WorkLane {
  readonly #options: Options;
  /** Address → peer → what waits; in the order in which they have their next turn. */
  readonly #waiting = new Map<string, Map<string, Waiter[]>>();
  readonly #budgets: KeyedAllowance;
  #immediate: NodeJS.Immediate | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: Options) {
    this.#options = options;
    this.#budgets = new KeyedAllowance({
      perSec: options.unitsPerSecond,
      burst: options.burstUnits,
    });
  }

  /** Peers whose spending is remembered. */
  get budgetCount(): number {
    return this.#budgets.keyCount;
  }

  /** @returns whether the work may be done; `false` when too much of this peer waits, or the lane is closed. */
  async take({address, peer}: WorkSource, units: number): Promise<boolean> {
    const peers = this.#waiting.get(address) ?? new Map<string, Waiter[]>();
    const queue = peers.get(peer) ?? [];
    if (queue.length >= this.#options.maxWaitingPerPeer) return false;
    const turn = Promise.withResolvers<boolean>();
    queue.push({units: Math.min(units, this.#options.burstUnits), answer: turn.resolve});
    this.#waiting.set(address, peers.set(peer, queue));
    this.#wake();
    return await turn.promise;
  }

  /** Refuses all that waits. */
  close(): void {
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    if (this.#timer !== null) clearTimeout(this.#timer);
    [this.#immediate, this.#timer] = [null, null];
    const queues = [...this.#waiting.values()].flatMap((peers) => [...peers.values()]);
    this.#waiting.clear();
    for (const waiter of queues.flat()) waiter.answer(false);
  }

  #wake(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = null;
      this.#giveTurn();
    });
  }

  #giveTurn(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const nowMs = performance.now();
    let leastWaitMs = Infinity;
    for (const [address, peers] of this.#waiting) {
      for (const [peer, queue] of peers) {
        const waitMs = this.#budgets.take(peer, queue[0]?.units ?? 0, nowMs);
        leastWaitMs = Math.min(leastWaitMs, waitMs);
        if (waitMs > 0) continue;
        this.#answerFirst(address, peer);
        if (this.#waiting.size > 0) this.#wake();
        return;
      }
    }
    if (leastWaitMs < Infinity) this.#timer = setTimeout(() => this.#wake(), leastWaitMs);
  }

  /** The first of a peer has its turn; its address and itself go to the end of their lines. */
  #answerFirst(address: string, peer: string): void {
    const peers = this.#waiting.get(address);
    const queue = peers?.get(peer);
    if (peers === undefined || queue === undefined) return;
    const first = queue.shift();
    peers.delete(peer);
    if (queue.length > 0) peers.set(peer, queue);
    this.#waiting.delete(address);
    if (peers.size > 0) this.#waiting.set(address, peers);
    first?.answer(true);
  }
}
