import type {TimeLine} from '../virtual-time.ts';

/** The time of one node: what falls due while the node is frozen happens when it goes on, in the same order. */
export class NodeTime implements TimeLine {
  readonly #time: TimeLine;
  /** What has fallen due; `null` while the node runs. */
  #held: (() => void)[] | null = null;

  constructor(time: TimeLine) {
    this.#time = time;
  }

  get nowMs(): number {
    return this.#time.nowMs;
  }

  get isFrozen(): boolean {
    return this.#held !== null;
  }

  at(atMs: number, run: () => void): void {
    this.#time.at(atMs, () => {
      this.whenAwake(run);
    });
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  whenAwake(run: () => void): void {
    if (this.#held === null) run();
    else this.#held.push(run);
  }

  freeze(): void {
    this.#held ??= [];
  }

  thaw(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const run of held) run();
  }
}
