import type {NumberRange} from './number-range.ts';

/** How far a number in JSON has come. No two ways on from here begin with the same character. */
export type NumberState = {
  /** Among all states of the same automata. */
  readonly id: number;
  /** Whether it is a number of the range already. */
  readonly isEnd: boolean;
  readonly next: readonly NumberStep[];
};

/** With any of `characters`: "-", ".", or digits in a row. */
export type NumberStep = {readonly characters: string; readonly state: NumberState};

/**
 * The smallest automata that accept the numbers of ranges as JSON writes them: without an exponent, without a sign before
 * zero, with no more decimals than the range says. States that go on alike are one, also those of several ranges.
 */
export class NumberAutomata {
  readonly #states = new Map<string, NumberState>();
  readonly #firsts = new Map<string, NumberState | null>();
  readonly #beforePlace: () => void;

  /**
   * @param beforePlace comes before one more place is looked at, and may throw: multiples of a large number have as
   *   many remainders in each.
   */
  constructor(beforePlace: () => void = () => undefined) {
    this.#beforePlace = beforePlace;
  }

  /** Each comes after those to which it leads. */
  get states(): readonly NumberState[] {
    return [...this.#states.values()];
  }

  /**
   * Where a number of this range begins; `null`: there is none.
   *
   * @throws what `beforePlace` throws.
   */
  first(range: NumberRange): NumberState | null {
    const key = JSON.stringify(range);
    const first = this.#firsts.get(key) ?? this.#read(range);
    this.#firsts.set(key, first);
    return first;
  }

  #read({decimals, least, most, multipleOf}: NumberRange): NumberState | null {
    const [from, to] = [BigInt(least), BigInt(most)];
    const form = {decimals, multipleOf: BigInt(multipleOf)};
    const below = new UnsignedNumbers({...form, least: larger(-to, 1n), most: -from}, this);
    const others = new UnsignedNumbers({...form, least: larger(from, 0n), most: to}, this);
    const [negative, positive] = [below.first(), others.first()];
    const sign = negative === null ? [] : [{characters: '-', state: negative}];
    return this.state({isEnd: false, next: [...sign, ...(positive?.next ?? [])]});
  }

  /** The one that goes on so; `null`: nothing does. */
  state({isEnd, next}: Omit<NumberState, 'id'>): NumberState | null {
    if (!isEnd && next.length === 0) return null;
    const ways = next.map((step) => step.characters + step.state.id);
    const key = [isEnd, ...ways].join();
    const state = this.#states.get(key) ?? {id: this.#states.size, isEnd, next};
    this.#states.set(key, state);
    return state;
  }

  countPlace(): void {
    this.#beforePlace();
  }
}

/** Without a sign, in units of the last decimal. */
type Unsigned = {
  readonly decimals: number;
  readonly least: bigint;
  readonly most: bigint;
  readonly multipleOf: bigint;
};

/** Digits so far: `units`, and how many of them came behind the point; `null`: it has not come. */
type Place = {readonly units: bigint; readonly fraction: number | null};

const DIGITS = Array.from({length: 10}, (_, digit) => BigInt(digit));

class UnsignedNumbers {
  readonly #numbers: Unsigned;
  readonly #automata: NumberAutomata;
  /** By what may follow. */
  readonly #known = new Map<string, NumberState | null>();

  constructor(numbers: Unsigned, automata: NumberAutomata) {
    this.#numbers = numbers;
    this.#automata = automata;
  }

  first(): NumberState | null {
    return this.#automata.state({isEnd: false, next: this.#digits({units: 0n, fraction: null})});
  }

  /** After some digits. */
  #after(place: Place): NumberState | null {
    const {units, fraction} = place;
    const {decimals, least, most, multipleOf} = this.#numbers;
    // More digits never make it less.
    if (units > most) return null;
    const key = this.#keyOf(place);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#automata.countPlace();
    const isEnd = fraction !== 0 && units >= least && units % multipleOf === 0n;
    const mayGoOn = fraction === null ? units > 0n : fraction < decimals;
    const digits = mayGoOn ? this.#digits(place) : [];
    const point = fraction === null && decimals > 0 ? this.#after({units, fraction: 0}) : null;
    const next = point === null ? digits : [{characters: '.', state: point}, ...digits];
    const state = this.#automata.state({isEnd, next});
    this.#known.set(key, state);
    return state;
  }

  /** One more digit; those that lead to the same are together. */
  #digits({units, fraction}: Place): readonly NumberStep[] {
    const steps: {characters: string; state: NumberState}[] = [];
    for (const digit of DIGITS) {
      const state = this.#after(
        fraction === null
          ? {units: units * 10n + digit * this.#unitsOf(0), fraction}
          : {units: units + digit * this.#unitsOf(fraction + 1), fraction: fraction + 1},
      );
      if (state === null) continue;
      const last = steps.at(-1);
      const isNext = last?.state === state && last.characters.endsWith(String(digit - 1n));
      if (isNext) last.characters += String(digit);
      else steps.push({characters: String(digit), state});
    }
    return steps;
  }

  /** What a digit there is worth. */
  #unitsOf(decimal: number): bigint {
    return 10n ** BigInt(this.#numbers.decimals - decimal);
  }

  /**
   * What may follow depends on nothing else: for each length of what follows, which part of it lies between the bounds;
   * and the remainder.
   */
  #keyOf({units, fraction}: Place): string {
    const {least, most, multipleOf} = this.#numbers;
    const parts: unknown[] = [fraction, units === 0n, units % multipleOf];
    // With a point, all that follows lies between what is written and one more of the last digit.
    const width = this.#unitsOf(fraction ?? 0);
    const furthest = fraction === null && units > 0n ? most : -1n;
    let times = 1n;
    do {
      const from = units * times;
      parts.push(clip(least - from, width * times), clip(most - from + 1n, width * times));
      times *= 10n;
    } while (units * times <= furthest);
    return parts.join();
  }
}

/** Into 0 to `width`. */
function clip(value: bigint, width: bigint): bigint {
  if (value < 0n) return 0n;
  return value > width ? width : value;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
