import type {Value} from './python-values.ts';

/** Called before as many parts are looked at: a template may compare long lists, and often. */
export type Spend = (steps: number) => void;

/** Of a text that is compared or written. */
const CHARACTERS_PER_STEP = 256;

export function spendOnCharacters(count: number, spend: Spend): void {
  spend(count / CHARACTERS_PER_STEP);
}

/** Of a text that is another so many times. */
const REPEATED_PER_STEP = 64;

export function spendOnRepeated(count: number, spend: Spend): void {
  spend(count / REPEATED_PER_STEP);
}

/** Of a text of which each character is looked at by itself. */
const EACH_PER_STEP = 32;

/** Before much is made of each character of a text. */
export function spendOnEach({value}: {readonly value: unknown}, spend: Spend): void {
  if (typeof value === 'string') spend(value.length / EACH_PER_STEP);
}

/** One value, with the characters of a text, and without what lies in a list. */
export function spendOn({value}: Value, spend: Spend): void {
  spend(1);
  if (typeof value === 'string') spendOnCharacters(value.length, spend);
}
