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

/**
 * A value with all that lies in it, as often as it lies there: a list that holds one other twice, which
 * holds another twice, is short in memory and endless where it is written.
 *
 * @param padding characters that are written with each part.
 * @param indent characters that are written with each part for each list or dictionary around it.
 */
export function spendOnWhole(
  value: Value,
  {
    spend,
    padding,
    indent,
  }: {readonly spend: Spend; readonly padding: number; readonly indent: number},
): void {
  spendOn(value, spend);
  spendOnCharacters(padding, spend);
  const inner = {spend, padding: padding + indent, indent};
  const held: unknown = value.value;
  if (Array.isArray(held)) {
    const parts: readonly Value[] = held;
    for (const part of parts) spendOnWhole(part, inner);
  }
  if (!(held instanceof Map)) return;
  const entries: ReadonlyMap<string, Value> = held;
  for (const [key, part] of entries) {
    spendOnCharacters(key.length, spend);
    spendOnWhole(part, inner);
  }
}
