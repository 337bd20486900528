import {assert} from '../../base/assert.ts';
import type {GgufFile, GgufTensor} from '../../model/gguf/gguf-file.ts';
import {isTensorDtype} from '../../model/storage/block-sizes.ts';
import {scaleTensor} from '../../testing/scale-tensor.ts';
import {EngineRoundings} from './engine-roundings.ts';
import {ReferenceForward} from './reference-forward.ts';
import {placeOf} from './reference-tensors.ts';

/** A model whose file is here as a whole. */
export type WholeFile = {
  readonly gguf: GgufFile;
  readonly file: Uint8Array<ArrayBuffer>;
  /** In layers, as the engine cuts it. */
  readonly cutEvery: number;
};
type Likely = {readonly id: number; readonly logit: number};
/** What an engine gave. */
export type Given = {
  readonly tokenIds: readonly number[];
  /** The likeliest tokens behind the last of them, and behind each likeliest token after it, best first. */
  readonly tops: readonly (readonly Likely[])[];
  /** What each cell passed on, by the layer behind it. */
  readonly behind: ReadonlyMap<number, Float32Array>;
};
/** How an engine compares with the reference, which follows it where either of two f16 is right. */
export type Compared = {
  /** Of a logit of the likeliest tokens, the largest; not a number where the reference's likeliest is not among them. */
  readonly error: number;
  /** Of the numbers that crossed boundaries: all, those near the middle of two f16, and those that are wrong. */
  readonly crossed: number;
  readonly followed: number;
  readonly unexplained: number;
};

const COMPARED_LOGITS = 20;
/** By what one tensor is too large, all of it; the smallest first. */
const FAULTS = [1.0001, 1.001, 1.01];
/** The tensors of one layer, and those of no layer. */
const FAULTY = /^(?:blk\.1|token_embd|output|output_norm)\./u;

/**
 * Computes the same by the reference.
 *
 * @param options.patience the reference gives up at so many numbers that float32 does not explain.
 */
export function compareWithEngine(
  {gguf, file, cutEvery}: WholeFile,
  {tokenIds, tops, behind}: Given,
  {patience = Infinity}: {readonly patience?: number} = {},
): Compared {
  const roundings = new EngineRoundings(behind);
  const {crossing} = roundings;
  const forward = new ReferenceForward({gguf, file, cutEvery, crossing});
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
  model: WholeFile,
  given: Given,
  tolerance: number,
): Readonly<Record<string, number>> {
  const tensors = model.gguf.tensors.filter(({name}) => FAULTY.test(name));
  const isSeen = (tensor: GgufTensor, factor: number) => {
    const altered = scaled(model, tensor, factor);
    if (altered === null) return false;
    const {error, unexplained} = compareWithEngine(altered, given, {patience: 1});
    return unexplained > 0 || !(error <= tolerance);
  };
  return Object.fromEntries(
    tensors.map((tensor) => {
      const factor = FAULTS.find((one) => isSeen(tensor, one)) ?? Infinity;
      return [tensor.name, factor] as const;
    }),
  );
}

/** `null` where the scales of the tensor have too few bits to differ. */
function scaled({file, ...model}: WholeFile, tensor: GgufTensor, factor: number): WholeFile | null {
  const altered = file.slice();
  const {dtype} = tensor;
  assert(isTensorDtype(dtype), `${dtype} is a storage type`);
  const bytes = altered.subarray(...placeOf(tensor));
  const before = bytes.slice();
  scaleTensor(bytes, dtype, factor);
  return bytes.every((byte, at) => byte === before[at]) ? null : {...model, file: altered};
}

function errorOf(top: readonly Likely[], logits: Float64Array): number {
  const best = logits.indexOf(Math.max(...logits));
  if (!top.some(({id}) => id === best)) return Number.NaN;
  const likeliest = top.slice(0, COMPARED_LOGITS);
  return Math.max(...likeliest.map(({id, logit}) => Math.abs(logit - (logits[id] ?? Number.NaN))));
}
