import {apiCodeOf} from '#shared/client/chat/api-code.ts';
import {LENT_KV_TOKENS} from '#shared/session/lent-kv-tokens.ts';
import {invalidRequest, unsupportedField} from '../../errors/api-error.ts';
import {MOST_CHOICES} from './request-fields.ts';

/** Of one request, in each other and beside each other: a chat of a thousand messages has half of it. */
const MOST_VALUES = 10_000;
/** A name that JSON has and no object of JavaScript: to copy it is to change what the object inherits. */
const NO_NAME = '__proto__';
/** Of each list and object one, and one of each value with a name. */
const MARKS = /[[{:]/gu;

/**
 * Looks how many lists, objects, texts and names a request has, before it is parsed: that takes longer than all else
 * where they are many.
 *
 * @throws {ApiError} when they are too many.
 */
export function checkMarks(json: string): void {
  let markCount = 0;
  let textCount = 0;
  for (let at = 0; at < json.length;) {
    const quote = json.indexOf('"', at);
    const between = json.slice(at, quote === -1 ? json.length : quote);
    markCount += between.match(MARKS)?.length ?? 0;
    // Names are texts too.
    if (markCount > MOST_VALUES || textCount > 2 * MOST_VALUES) throw tooManyValues();
    if (quote === -1) return;
    textCount += 1;
    at = endOfText(json, quote + 1);
  }
}

/** Behind the next quote that no backslash makes a part of the text. */
function endOfText(json: string, start: number): number {
  for (let at = start; ;) {
    const quote = json.indexOf('"', at);
    if (quote === -1) return json.length;
    let before = quote;
    while (before > at && json[before - 1] === '\\') before -= 1;
    if ((quote - before) % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/**
 * Looks how many values a request has, before anything is made of each. Token ids of a prompt count by themselves:
 * they are looked at as they are, and a context has many.
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
    if (count > MOST_VALUES) throw tooManyValues();
    if (Object.hasOwn(value, NO_NAME)) throw unsupportedField(NO_NAME);
    open.push(...inner);
  }
}

function tooManyValues(): Error {
  const message = `The request has more than ${MOST_VALUES} values in its lists and objects: send fewer messages, parts or tools`;
  return invalidRequest('too_many_values', message, null);
}

/** Nobody looks at each token id of more than tabs have room for. */
function refuseLong(prompt: unknown): void {
  if (!Array.isArray(prompt) || prompt.length <= LENT_KV_TOKENS) return;
  if (typeof prompt[0] !== 'number') return;
  const message = `The prompt is a list of ${prompt.length} numbers, and tabs have room for ${LENT_KV_TOKENS} token ids of a prompt and its answer: shorten it`;
  throw invalidRequest(apiCodeOf('PROMPT_TOO_LONG'), message, 'prompt');
}

/** All of a request but for its token ids. */
function countedIn(body: object): readonly unknown[] {
  return Object.entries(body).map(([name, value]: readonly [string, unknown]) =>
    name === 'prompt' && isOfTokenIds(value) ? null : value,
  );
}

function isOfTokenIds(prompt: unknown): boolean {
  if (!Array.isArray(prompt)) return false;
  refuseLong(prompt);
  if (prompt.length <= MOST_CHOICES) prompt.forEach(refuseLong);
  return areTokenIds(prompt) || (prompt.length <= MOST_CHOICES && prompt.every(areTokenIds));
}

function areTokenIds(prompt: unknown): boolean {
  return Array.isArray(prompt) && prompt.every((id) => Number.isSafeInteger(id) && id >= 0);
}
