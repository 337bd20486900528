import {type Manifest, type TensorEntry, manifestSchema} from './manifest.ts';
import {turnedSize} from '../model-spec.ts';
import {ManifestInvalidError} from './manifest-invalid-error.ts';
import {modelTensors, tensorByteLength} from './tensor-layout.ts';

/**
 * A manifest from outside: strict schema, then what the schema cannot say. Every
 * tensor of the model is there once, with the shape that the spec asks for, whole,
 * inside the file, behind the header and clear of the others.
 *
 * @throws {ManifestInvalidError} naming the first field or tensor that is wrong.
 */
export function parseManifest(value: unknown): Manifest {
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ManifestInvalidError(issue?.path.join('.') ?? '', issue?.message ?? 'not readable', {
      cause: parsed.error,
    });
  }
  checkSpec(parsed.data);
  checkCount(parsed.data);
  checkTensorSet(parsed.data);
  checkPlaces(parsed.data);
  return parsed.data;
}

function checkSpec({spec, cutEvery}: Manifest): void {
  if (cutEvery > spec.layerCount) {
    throw new ManifestInvalidError('cutEvery', `${cutEvery} > ${spec.layerCount} layers`);
  }
  if (spec.headCount % spec.kvHeadCount !== 0) {
    throw new ManifestInvalidError(
      'spec.kvHeadCount',
      `${spec.headCount} heads cannot share ${spec.kvHeadCount}`,
    );
  }
  if (spec.headSize % 2 !== 0) {
    throw new ManifestInvalidError('spec.headSize', `${spec.headSize} is odd: RoPE turns pairs`);
  }
  const turned = turnedSize(spec);
  if (turned > spec.headSize || turned % 2 !== 0) {
    throw new ManifestInvalidError(
      'spec.ropeSize',
      `${turned} of ${spec.headSize}: RoPE turns pairs`,
    );
  }
  const foreign = spec.endTokenIds.find((id) => id >= spec.vocabularySize);
  if (foreign !== undefined) {
    throw new ManifestInvalidError('spec.endTokenIds', `${foreign} is not in the vocabulary`);
  }
}

/** Before a list of all its tensors is made. */
function checkCount({spec, tensors}: Manifest): void {
  if (spec.layerCount <= tensors.length) return;
  throw new ManifestInvalidError('tensors', `${tensors.length} for ${spec.layerCount} layers`);
}

function checkTensorSet({spec, tensors}: Manifest): void {
  const expected = new Map(modelTensors(spec).map((tensor) => [tensor.name, tensor.shape]));
  for (const tensor of tensors) {
    const shape = expected.get(tensor.name);
    if (!shape) throw new ManifestInvalidError(tensor.name, 'twice, or not part of this model');
    if (shape.join() !== tensor.shape.join()) {
      throw new ManifestInvalidError(
        tensor.name,
        `shape [${tensor.shape.join(', ')}] instead of [${shape.join(', ')}]`,
      );
    }
    expected.delete(tensor.name);
  }
  const [missing] = expected.keys();
  if (missing !== undefined) throw new ManifestInvalidError(missing, 'missing');
}

function checkPlaces({file, header, tensors}: Manifest): void {
  let freeFromByte = header.byteLength;
  for (const tensor of tensors.toSorted((a, b) => a.offsetBytes - b.offsetBytes)) {
    checkByteLength(tensor);
    if (tensor.offsetBytes < freeFromByte) {
      throw new ManifestInvalidError(tensor.name, 'overlaps what lies before it');
    }
    freeFromByte = tensor.offsetBytes + tensor.byteLength;
    if (freeFromByte > file.byteLength) {
      throw new ManifestInvalidError(
        tensor.name,
        `ends at byte ${freeFromByte} of a file of ${file.byteLength}`,
      );
    }
  }
}

function checkByteLength(tensor: TensorEntry): void {
  const byteLength = tensorByteLength(tensor.dtype, tensor.shape);
  if (byteLength !== tensor.byteLength) {
    throw new ManifestInvalidError(
      tensor.name,
      `${tensor.byteLength} bytes, but ${tensor.dtype} of this shape has ${byteLength}`,
    );
  }
}
