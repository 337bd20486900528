import type {Value} from './python-values.ts';

/** Called before as many parts are looked at: a template may compare long lists, and often. */
export type Spend = (steps: number) => void;

/** Of a text that is compared or written. */
const CHARACTERS_PER_STEP = 256;

export function spendOnCharacters(count: number, spend: Spend): void {
  spend(count / CHARACTERS_PER_STEP);
}

/** One value, with the characters of a text, and without what lies in a list. */
export function spendOn({value}: Value, spend: Spend): void {
  spend(1);
  if (typeof value === 'string') spendOnCharacters(value.length, spend);
}
