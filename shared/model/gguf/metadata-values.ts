import * as z from 'zod';
import {ModelUnreadableError, OTHER_FILE} from '../model-unreadable-error.ts';
import type {GgufMetadata} from './gguf-file.ts';

// What a model of today has, with some room: sizes beyond these are damage.
const LARGEST_COUNT = 2 ** 31 - 1;
const MOST_LAYERS = 4096;

function wholeNumber(least: number, most: number): z.ZodNumber {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.int({error}).min(least, {error}).max(most, {error});
}

/** A list with one value per layer, all of them equal, is that value. */
function asOneValue(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const values: readonly unknown[] = value;
  return values.length > 0 && values.every((each) => each === values[0]) ? values[0] : value;
}

/** A size or a number of things. Of any integer type: the reader has made a number of it. */
export const count = z.preprocess(asOneValue, wholeNumber(1, LARGEST_COUNT));
export const layerCount = wholeNumber(1, MOST_LAYERS);
export const tokenId = wholeNumber(0, LARGEST_COUNT);
/** A fraction has no place here, nor have NaN and Infinity. */
export const tokenType = wholeNumber(0, 255);

/** A real number inside `(above, most]`. */
export function realNumber(above: number, most: number): z.ZodNumber {
  const error = `must be a number above ${above}, at most ${most}`;
  return z.number({error}).gt(above, {error}).lte(most, {error});
}

/**
 * The keys of a schema out of the metadata.
 *
 * @param prefix of every key of the schema.
 * @throws {ModelUnreadableError} naming the first key that is missing or wrong, and its value.
 */
export function readKeys<Schema extends z.ZodType>(
  schema: Schema,
  metadata: GgufMetadata,
  prefix = '',
): z.infer<Schema> {
  const own = Object.entries(metadata).flatMap(([key, value]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
  );
  const parsed = schema.safeParse(Object.fromEntries(own));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const [name = '', ...inside] = (issue?.path ?? []).map(String);
  const key = `${prefix}${name}`;
  const found = inside.length > 0 ? `${key}[${inside.join('][')}]` : key;
  const {error: cause} = parsed;
  if (metadata[key] === undefined) {
    throw new ModelUnreadableError(`the key "${key}" is missing`, {cause});
  }
  const value = showValue(valueAt(metadata[key], inside));
  throw new ModelUnreadableError(`"${found}" is ${value}: it ${issue?.message ?? 'is wrong'}`, {
    cause,
    instead: OTHER_FILE,
  });
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  const [at] = path;
  return Array.isArray(value) && at !== undefined ? value[Number(at)] : value;
}

const LONGEST_SHOWN = 40;

/** A value of the metadata in a sentence. */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value !== 'string') return String(value);
  const isLong = value.length > LONGEST_SHOWN;
  return JSON.stringify(isLong ? `${value.slice(0, LONGEST_SHOWN)}…` : value);
}
