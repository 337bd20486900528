import type {TensorEntry} from '../manifest/manifest.ts';
import {isTensorDtype, TENSOR_DTYPES} from '../storage/block-sizes.ts';
import {ModelUnreadableError} from '../model-unreadable-error.ts';
import {ModelUnsupportedError} from '../model-unsupported-error.ts';
import type {ModelSpec} from '../model-spec.ts';
import {modelTensors, tensorByteLength} from '../manifest/tensor-layout.ts';
import type {GgufFile, GgufTensor} from '../gguf/gguf-file.ts';
import {LONG_DIVISORS, SHORT_DIVISORS} from '../families/metadata/read-rope.ts';
import {tensorMeaning} from './tensor-meaning.ts';

/** Of layers that lack tensors; of the others, how many. */
const MOST_SHOWN = 5;

type TensorPlace = Omit<TensorEntry, 'sha256'>;

/**
 * Where each tensor lies in the file, in file order.
 *
 * @throws {ModelUnsupportedError} for storage types that Weft cannot read, all of them at once, and
 *   for tensors that the architecture does not have: to run without them would give wrong text.
 * @throws {ModelUnreadableError} when a tensor is missing, has another shape, lies over another one
 *   or beyond the end of the file.
 */
export function readTensorTable(
  file: GgufFile,
  spec: ModelSpec,
  {fileByteLength}: {readonly fileByteLength: number},
): readonly TensorPlace[] {
  checkLayers(file, spec);
  const shapes = new Map(modelTensors(spec).map(({name, shape}) => [name, shape]));
  // Of positions that no session reaches (`readRope`).
  const unused = spec.ropeDivisors === SHORT_DIVISORS ? LONG_DIVISORS : null;
  const tensors = file.tensors.filter(({name}) => name !== unused);
  refuseForeign(
    tensors.filter(({name}) => !shapes.has(name)),
    spec,
  );
  refuseUnreadable(tensors);
  const places = tensors.map((tensor) => placeOf(tensor));
  for (const {name, shape} of places) checkShape(name, shape, shapes.get(name) ?? []);
  const present = new Set(places.map(({name}) => name));
  refuseMissing(
    [...shapes.keys()].filter((name) => !present.has(name)),
    spec,
  );
  const inOrder = places.toSorted((a, b) => a.offsetBytes - b.offsetBytes);
  checkPlaces(inOrder, fileByteLength);
  return inOrder;
}

/** Before a list of that many is made. */
function checkLayers({tensors}: GgufFile, {layerCount}: ModelSpec): void {
  if (layerCount > tensors.length) {
    throw new ModelUnreadableError(`it has ${tensors.length} tensors for ${layerCount} layers`);
  }
  const layers = tensors.map(({name}) => layerOf(name) ?? 0);
  const last = layers.reduce((most, layer) => Math.max(most, layer), 0);
  if (last >= layerCount) {
    throw new ModelUnreadableError(`it has a layer ${last}, but says that it has ${layerCount}`);
  }
}

function refuseForeign(foreign: readonly GgufTensor[], {architecture}: ModelSpec): void {
  if (foreign.length === 0) return;
  const kinds = countKinds(foreign.map(({name}) => name));
  throw new ModelUnsupportedError({
    part: 'tensor',
    found: [...kinds].map(([kind, times]) => {
      const often = times === 1 ? '' : `, ${times} times`;
      return `"${kind}" (${tensorMeaning(kind)}${often})`;
    }),
    instead: `take a plain ${architecture} model, which has no such tensor`,
  });
}

/** What every layer lacks is no damage: the file is of another kind of model. */
function refuseMissing(
  missing: readonly string[],
  {architecture, layerCount}: Pick<ModelSpec, 'architecture' | 'layerCount'>,
): void {
  if (missing.length === 0) return;
  if (missing.length === 1) {
    throw new ModelUnreadableError(`the tensor "${missing[0]}" is missing`);
  }
  const kinds = [...countKinds(missing)];
  const names = kinds.map(([kind, times]) => `"${kind}"${times === 1 ? '' : ` (${times} times)`}`);
  const tensors = `the tensors ${names.join(', ')}`;
  if (kinds.every(([, times]) => times === layerCount)) {
    throw new ModelUnreadableError(
      `${tensors} are missing, which every ${architecture} model has`,
      {instead: `take a model of the architecture ${architecture} that has them`},
    );
  }
  throw new ModelUnreadableError(`${tensors} are missing${showLayersOf(missing)}`);
}

/** Which layers lack something, for a sentence. */
function showLayersOf(names: readonly string[]): string {
  const layers = new Set(names.flatMap((name) => layerOf(name) ?? []));
  if (layers.size === 0) return '';
  const shown = [...layers].slice(0, MOST_SHOWN).join(', ');
  const more = layers.size > MOST_SHOWN ? ` and ${layers.size - MOST_SHOWN} more` : '';
  return `, those named "blk.*" of layer ${shown}${more}`;
}

/** `null` for a tensor of no layer. */
function layerOf(name: string): number | null {
  const layer = /^blk\.(\d+)\./u.exec(name)?.[1];
  return layer === undefined ? null : Number(layer);
}

/** How often each name comes, the layers of one kind together. */
function countKinds(names: readonly string[]): ReadonlyMap<string, number> {
  const kinds = new Map<string, number>();
  for (const name of names) {
    const kind = name.replace(/^blk\.\d+\./u, 'blk.*.');
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return kinds;
}

/** @throws {ModelUnsupportedError} for storage types that Weft cannot read, all of them at once. */
export function refuseUnreadable(tensors: readonly GgufTensor[]): void {
  const found = new Map<string, number>();
  for (const {dtype} of tensors) found.set(dtype, (found.get(dtype) ?? 0) + 1);
  const unreadable = [...found].filter(([dtype]) => !isTensorDtype(dtype));
  if (unreadable.length === 0) return;
  const last = TENSOR_DTYPES.at(-1);
  throw new ModelUnsupportedError({
    part: 'storage type',
    found: unreadable.map(
      ([dtype, times]) => `"${dtype}" (${times} ${times === 1 ? 'tensor' : 'tensors'})`,
    ),
    instead: `take a file whose tensors are all in ${TENSOR_DTYPES.slice(0, -1).join(', ')} or ${last}`,
  });
}

function placeOf({name, dtype, shape, offsetBytes}: GgufTensor): TensorPlace {
  const byteLength = isTensorDtype(dtype) ? tensorByteLength(dtype, shape) : null;
  if (!isTensorDtype(dtype) || byteLength === null) {
    throw new ModelUnreadableError(
      `rows of ${shape[0]} weights in "${name}" are no whole ${dtype} blocks`,
    );
  }
  return {name, dtype, shape, offsetBytes, byteLength};
}

function checkShape(name: string, shape: readonly number[], expected: readonly number[]): void {
  if (shape.join() === expected.join()) return;
  throw new ModelUnreadableError(
    `the tensor "${name}" has the shape [${shape.join(', ')}] instead of [${expected.join(', ')}]`,
  );
}

function checkPlaces(inOrder: readonly TensorPlace[], fileByteLength: number): void {
  let before: TensorPlace | null = null;
  for (const place of inOrder) {
    if (before !== null && place.offsetBytes < before.offsetBytes + before.byteLength) {
      throw new ModelUnreadableError(
        `the tensors "${before.name}" and "${place.name}" lie over each other`,
      );
    }
    if (place.offsetBytes + place.byteLength > fileByteLength) {
      throw new ModelUnreadableError(`it ends inside the tensor "${place.name}"`);
    }
    before = place;
  }
}
