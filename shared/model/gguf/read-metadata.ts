import {ModelUnreadableError} from '../model-unreadable-error.ts';
import type {GgufCursor} from './gguf-cursor.ts';
import type {GgufMetadata} from './gguf-file.ts';

// Real files have some forty keys, and lists as long as their vocabulary or its merges.
const MOST_KEYS = 65_536;
const MOST_LIST_VALUES = 8 * 1024 * 1024;
const LONGEST_KEY_BYTES = 65_535;

type ReadValue = (cursor: GgufCursor, key: string) => unknown;
type ValueType = {readonly leastBytes: number; readonly read: ReadValue};

const LIST = 9;

// GGUF's value types by their number. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
const VALUE_TYPES: ReadonlyMap<number, ValueType> = new Map<number, ValueType>([
  [0, {leastBytes: 1, read: (cursor) => cursor.u8()}],
  [1, {leastBytes: 1, read: (cursor) => cursor.i8()}],
  [2, {leastBytes: 2, read: (cursor) => cursor.u16()}],
  [3, {leastBytes: 2, read: (cursor) => cursor.i16()}],
  [4, {leastBytes: 4, read: (cursor) => cursor.u32()}],
  [5, {leastBytes: 4, read: (cursor) => cursor.i32()}],
  [6, {leastBytes: 4, read: (cursor) => cursor.f32()}],
  [7, {leastBytes: 1, read: (cursor) => cursor.u8() !== 0}],
  [8, {leastBytes: 8, read: (cursor, key) => cursor.text(`"${key}"`)}],
  [10, {leastBytes: 8, read: (cursor) => cursor.u64()}],
  [11, {leastBytes: 8, read: (cursor) => cursor.i64()}],
  [12, {leastBytes: 8, read: (cursor) => cursor.f64()}],
]);

/** How many keys a header announces. @throws {ModelUnreadableError} when that is absurd. */
export function readKeyCount(cursor: GgufCursor): number {
  return cursor.count('the number of metadata keys', MOST_KEYS);
}

/**
 * The metadata behind the counts. Whatever a header announces, no more is made than its bytes hold.
 *
 * @throws {ModelUnreadableError} for a key that is there twice, and for a value of no known type.
 * @throws {BehindTheEnd} when it does not end in these bytes.
 */
export function readMetadata(cursor: GgufCursor, keyCount: number): GgufMetadata {
  const entries = new Map<string, unknown>();
  let listValuesLeft = MOST_LIST_VALUES;
  for (let at = 0; at < keyCount; at += 1) {
    const key = cursor.text('a metadata key', LONGEST_KEY_BYTES);
    if (entries.has(key)) throw new ModelUnreadableError(`the key "${key}" is there twice`);
    const type = cursor.u32();
    if (type === LIST) {
      const values = readList(cursor, key, listValuesLeft);
      listValuesLeft -= values.length;
      entries.set(key, values);
    } else {
      entries.set(key, typeOf(type, key).read(cursor, key));
    }
  }
  return Object.fromEntries(entries);
}

function readList(cursor: GgufCursor, key: string, most: number): readonly unknown[] {
  const {leastBytes, read} = typeOf(cursor.u32(), key);
  const length = cursor.count(`the length of the list "${key}"`, most);
  cursor.expect(length * leastBytes);
  const values: unknown[] = [];
  for (let at = 0; at < length; at += 1) values.push(read(cursor, key));
  return values;
}

function typeOf(type: number, key: string): ValueType {
  const found = VALUE_TYPES.get(type);
  if (found) return found;
  const what = type === LIST ? 'is a list of lists' : `has the unknown value type ${type}`;
  throw new ModelUnreadableError(`the key "${key}" ${what}`);
}
