type Sample = {readonly value: number; readonly atMs: number};

/** So few samples stay however old they are: better an old word than none. */
const KEPT = 4;

/** The median of the last samples that are not too old. */
export class RunningMedian {
  readonly #limits: {readonly count: number; readonly ageMs: number};
  #samples: readonly Sample[] = [];

  constructor(limits: {readonly count: number; readonly ageMs: number}) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#samples.length;
  }

  add(value: number, atMs: number): void {
    const {count, ageMs} = this.#limits;
    const last = [...this.#samples, {value, atMs}].slice(-count);
    this.#samples = last.filter(
      (sample, at) => atMs - sample.atMs <= ageMs || at >= last.length - KEPT,
    );
  }

  /** `null` before the first sample; the upper one of two middle samples. */
  get value(): number | null {
    const values = this.#samples.map(({value}) => value).toSorted((a, b) => a - b);
    return values[values.length >> 1] ?? null;
  }
}
