import {tinyGguf} from '../tiny-gguf.ts';
import {TENSOR_DTYPES} from '#shared/model/storage/block-sizes.ts';

/** Rows are whole blocks of every storage type. */
const SHAPE = {layerCount: 1, hiddenSize: 256, feedForwardSize: 256, contextTokens: 64};

/** A tiny model for each storage type: what is damaged. */
export function soundFiles(seed: number): readonly Uint8Array<ArrayBuffer>[] {
  return TENSOR_DTYPES.map((dtype) =>
    tinyGguf({seed, shape: SHAPE, dtypeOf: (name) => (name.includes('norm') ? 'F32' : dtype)}),
  );
}
