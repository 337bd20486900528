import {invalidRequest, unsupportedField} from '../../errors/api-error.ts';

/** Of one request, in each other and beside each other: a chat of a thousand messages has half of it. */
const MOST_VALUES = 10_000;
/** A name that JSON has and no object of JavaScript: to copy it is to change what the object inherits. */
const NO_NAME = '__proto__';

/**
 * Looks how many values a request has, before anything is made of each. Token ids of a prompt do not count: they are
 * looked at as they are, and a context has many.
 *
 * @throws {ApiError} when they are too many, or one has a name that no object has.
 */
export function checkValues(body: unknown): void {
  const open: unknown[] = [body];
  let count = 0;
  for (let at = 0; at < open.length; at += 1) {
    const value = open[at];
    if (typeof value !== 'object' || value === null) continue;
    const inner = value === body ? countedIn(value) : Object.values(value);
    count += inner.length;
    if (count > MOST_VALUES) {
      throw invalidRequest(
        'too_many_values',
        `The request has more than ${MOST_VALUES} values in its lists and objects: send fewer messages, parts or tools`,
        null,
      );
    }
    if (Object.hasOwn(value, NO_NAME)) throw unsupportedField(NO_NAME);
    open.push(...inner);
  }
}

/** All of a request but for its token ids. */
function countedIn(body: object): readonly unknown[] {
  return Object.entries(body).map(([name, value]: readonly [string, unknown]) =>
    name === 'prompt' && isTokenIds(value) ? null : value,
  );
}

function isTokenIds(prompt: unknown): boolean {
  return Array.isArray(prompt) && (prompt.every(Number.isInteger) || prompt.every(areNumbers));
}

function areNumbers(prompt: unknown): boolean {
  return Array.isArray(prompt) && prompt.every(Number.isInteger);
}
