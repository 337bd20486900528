import {type TensorEntry, tensorDtypeSchema} from '../manifest.ts';
import {ModelUnreadableError} from '../model-unreadable-error.ts';
import {ModelUnsupportedError} from '../model-unsupported-error.ts';
import type {ModelSpec} from '../model-spec.ts';
import {modelTensors, tensorByteLength} from '../tensor-layout.ts';
import type {GgufFile, GgufTensor} from './gguf-file.ts';

type TensorPlace = Omit<TensorEntry, 'sha256'>;

/**
 * Where each tensor lies in the file, in file order.
 *
 * @throws {ModelUnsupportedError} for a storage type that Weft cannot read, and for a tensor that
 *   the architecture does not have: to run without it would give wrong text.
 * @throws {ModelUnreadableError} when a row is no whole number of blocks.
 */
export function readTensorTable(file: GgufFile, spec: ModelSpec): readonly TensorPlace[] {
  const known = new Set(modelTensors(spec).map((tensor) => tensor.name));
  return file.tensors
    .map((tensor) => placeOf(tensor, known))
    .toSorted((a, b) => a.offsetBytes - b.offsetBytes);
}

function placeOf(tensor: GgufTensor, known: ReadonlySet<string>): TensorPlace {
  if (!known.has(tensor.name)) {
    throw new ModelUnsupportedError('tensor', tensor.name, ['those of a plain llama model']);
  }
  const dtype = tensorDtypeSchema.safeParse(tensor.dtype);
  if (!dtype.success) {
    throw new ModelUnsupportedError('quantisation', tensor.dtype, tensorDtypeSchema.options);
  }
  const byteLength = tensorByteLength(dtype.data, tensor.shape);
  if (byteLength === null) {
    throw new ModelUnreadableError(
      `rows of ${tensor.shape[0]} weights in "${tensor.name}" are no whole ${dtype.data} blocks`,
    );
  }
  const {name, shape, offsetBytes} = tensor;
  return {name, dtype: dtype.data, shape, offsetBytes, byteLength};
}
