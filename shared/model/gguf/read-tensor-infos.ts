import {ModelUnreadableError} from '../model-unreadable-error.ts';
import type {GgufCursor} from './gguf-cursor.ts';
import {storageTypeName} from './storage-types.ts';

// The largest models known have some thousands.
const MOST_TENSORS = 262_144;
const MOST_DIMENSIONS = 4;
const LONGEST_NAME_BYTES = 1024;

/** One line of the tensor table, unchanged. */
export type TensorInfo = {
  readonly name: string;
  readonly dtype: string;
  /** The contiguous dimension first. */
  readonly shape: readonly number[];
  /** From the end of the header. */
  readonly dataOffsetBytes: number;
};

/** How many tensors a header announces. @throws {ModelUnreadableError} when that is absurd. */
export function readTensorCount(cursor: GgufCursor): number {
  return cursor.count('the number of tensors', MOST_TENSORS);
}

/**
 * @throws {ModelUnreadableError} for a name that is there twice, and for sizes that no tensor has.
 * @throws {BehindTheEnd} when the table does not end in these bytes.
 */
export function readTensorInfos(cursor: GgufCursor, tensorCount: number): readonly TensorInfo[] {
  const infos = new Map<string, TensorInfo>();
  for (let at = 0; at < tensorCount; at += 1) {
    const name = cursor.text("a tensor's name", LONGEST_NAME_BYTES);
    if (infos.has(name)) throw new ModelUnreadableError(`the tensor "${name}" is there twice`);
    const shape = readShape(cursor, name);
    const dtype = storageTypeName(cursor.u32());
    const dataOffsetBytes = cursor.count(`the place of "${name}"`, Number.MAX_SAFE_INTEGER);
    infos.set(name, {name, dtype, shape, dataOffsetBytes});
  }
  return [...infos.values()];
}

function readShape(cursor: GgufCursor, name: string): readonly number[] {
  const dimensions = cursor.u32();
  if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
    throw new ModelUnreadableError(`the tensor "${name}" has ${dimensions} dimensions`);
  }
  const shape: number[] = [];
  let weightCount = 1;
  for (let at = 0; at < dimensions; at += 1) {
    const size = cursor.count(`a size of "${name}"`, Number.MAX_SAFE_INTEGER);
    shape.push(size);
    weightCount *= size;
  }
  if (weightCount > 0 && Number.isSafeInteger(weightCount)) return shape;
  throw new ModelUnreadableError(
    `the tensor "${name}" has the impossible shape [${shape.join(', ')}]`,
  );
}
