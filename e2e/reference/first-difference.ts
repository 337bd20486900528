import type {AnsweredChat} from './answer-reference.ts';

/** f16 on the wire may turn a choice that float32 itself finds almost equal. */
export const CLOSE_MARGIN = 0.05;

export type Difference = {
  /** Of the answer. */
  readonly token: number;
  /** By how much float32 prefers its own token to the next one there. */
  readonly margin: number;
};

/** Where an answer first has another token than float32 gives; `null`: nowhere. */
export function firstDifference({chat, answer}: AnsweredChat): Difference | null {
  const {ids, positions} = chat.exact_f32;
  const longest = Math.max(ids.length, answer.tokenIds.length);
  const token = Array.from({length: longest}).findIndex((_, at) => answer.tokenIds[at] !== ids[at]);
  return token === -1 ? null : {token, margin: positions[token]?.margin ?? Infinity};
}
