import {EngineRoundings} from '#shared/lab/reference-forward/engine-roundings.ts';
import {ReferenceForward} from '#shared/lab/reference-forward/reference-forward.ts';
import {placeOf} from '#shared/lab/reference-forward/reference-tensors.ts';
import {assert} from '#shared/base/assert.ts';
import type {GgufFile, GgufTensor} from '#shared/model/gguf/gguf-file.ts';
import {isTensorDtype} from '#shared/model/storage/block-sizes.ts';
import {scaleTensor} from '#shared/testing/scale-tensor.ts';
import {CUT_EVERY, type Given} from './try-in-tab.ts';

export type TinyFile = {readonly gguf: GgufFile; readonly file: Uint8Array<ArrayBuffer>};
/** How an engine compares with the reference, which follows it where either of two f16 is right. */
export type Compared = {
  /** Of the likeliest token, the largest. */
  readonly error: number;
  /** Of the numbers that crossed boundaries: all, those near the middle of two f16, and those that are wrong. */
  readonly crossed: number;
  readonly followed: number;
  readonly unexplained: number;
};

/** By what one tensor is too large, all of it; the smallest first. */
const FAULTS = [1.0001, 1.001, 1.01];
/** The tensors of one layer, and those of no layer. */
const FAULTY = /^(?:blk\.1|token_embd|output|output_norm)\./u;

/** @param options.patience the reference gives up at so many numbers that float32 does not explain. */
export function compare(
  {gguf, file}: TinyFile,
  {tokenIds, tops, behind}: Given,
  {patience = Infinity}: {readonly patience?: number} = {},
): Compared {
  const roundings = new EngineRoundings(behind);
  const {crossing} = roundings;
  const forward = new ReferenceForward({gguf, file, cutEvery: CUT_EVERY, crossing});
  const errors: number[] = [];
  const given = tops.slice(0, -1).map((top) => top[0]?.id ?? 0);
  for (const [at, tokenId] of [...tokenIds, ...given].entries()) {
    const logits = forward.next(tokenId);
    const top = tops[at - tokenIds.length + 1];
    if (top !== undefined) errors.push(errorOf(top, logits));
    if (roundings.unexplained >= patience) break;
  }
  const {crossed, followed, unexplained} = roundings;
  return {error: Math.max(...errors), crossed, followed, unexplained};
}

/**
 * The smallest fault of each tensor of a layer, and of those outside, that would be seen in what an engine gave: what
 * is compared is the reference of a file with that fault.
 */
export function smallestFaults(
  model: TinyFile,
  given: Given,
  tolerance: number,
): Readonly<Record<string, number>> {
  const tensors = model.gguf.tensors.filter(({name}) => FAULTY.test(name));
  const isSeen = (tensor: GgufTensor, factor: number) => {
    const {error, unexplained} = compare(scaled(model, tensor, factor), given, {patience: 1});
    return unexplained > 0 || !(error <= tolerance);
  };
  return Object.fromEntries(
    tensors.map((tensor) => {
      const factor = FAULTS.find((one) => isSeen(tensor, one)) ?? Infinity;
      return [tensor.name, factor] as const;
    }),
  );
}

function scaled({gguf, file}: TinyFile, tensor: GgufTensor, factor: number): TinyFile {
  const altered = file.slice();
  const {dtype} = tensor;
  assert(isTensorDtype(dtype), `${dtype} is a storage type`);
  scaleTensor(altered.subarray(...placeOf(tensor)), dtype, factor);
  return {gguf, file: altered};
}

/** How far the reference's likeliest token is off, where the engine lists it. */
function errorOf(
  top: readonly {readonly id: number; readonly logit: number}[],
  logits: Float64Array,
): number {
  const best = logits.indexOf(Math.max(...logits));
  const found = top.find(({id}) => id === best);
  return Math.abs((found?.logit ?? Number.NaN) - (logits[best] ?? 0));
}
