/// <reference types="node" />
import {readFile} from 'node:fs/promises';
import {ReferenceForward} from '#shared/lab/reference-forward/reference-forward.ts';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {readModelSpec} from '#shared/model/manifest-of-file/read-model-spec.ts';
import type {ComparedAnswer} from '../report/find-wrong.ts';
import type {RunModel} from '../scenario/offer-model.ts';
import type {RightAnswers} from './find-reference.ts';

/** Where two tokens are as likely as that, float32 may choose the other. */
const CLEAR_MARGIN = 0.05;

export type AskedAnswer = ComparedAnswer & {readonly promptTokenIds: readonly number[]};

/**
 * What the outside reference answers: computed from the file by its definition, sharing nothing with the
 * engines of the tabs. Where two tokens are nearly as likely it goes on with the one that was given.
 * Takes about a second for seven tokens of 135 million weights.
 *
 * @param answers as far as they came; of those to one question the longest is followed.
 */
export async function outsideAnswers(
  answers: readonly AskedAnswer[],
  options: {
    readonly model: Pick<RunModel, 'path' | 'grid'>;
    readonly maxTokens: number;
    readonly signal: AbortSignal;
  },
): Promise<RightAnswers> {
  const file = new Uint8Array(await readFile(options.model.path));
  const gguf = await parseGguf(memoryByteSource(file));
  const {endTokenIds} = readModelSpec(gguf);
  const {cutEvery} = options.model.grid;
  const right = new Map<string, readonly number[]>();
  for (const [question, asked] of Map.groupBy(answers, (answer) => answer.question)) {
    options.signal.throwIfAborted();
    const [longest] = asked.toSorted((a, b) => b.tokenIds.length - a.tokenIds.length);
    if (longest === undefined) continue;
    const forward = new ReferenceForward({gguf, file, cutEvery});
    right.set(question, follow(forward, longest, {...options, endTokenIds}));
  }
  return right;
}

function follow(
  forward: ReferenceForward,
  {promptTokenIds, tokenIds: given}: AskedAnswer,
  {maxTokens, endTokenIds}: {readonly maxTokens: number; readonly endTokenIds: readonly number[]},
): readonly number[] {
  const tokenIds: number[] = [];
  let logits = new Float64Array();
  for (const tokenId of promptTokenIds) logits = Float64Array.from(forward.next(tokenId));
  while (tokenIds.length < maxTokens) {
    const tokenId = nextOf(logits, given[tokenIds.length]);
    tokenIds.push(tokenId);
    // What comes behind a token that was not given is compared with nothing.
    if (endTokenIds.includes(tokenId) || tokenId !== given[tokenIds.length - 1]) break;
    logits = Float64Array.from(forward.next(tokenId));
  }
  return tokenIds;
}

/** The likeliest token, or the given one where that is nearly as likely. */
function nextOf(logits: Float64Array, given: number | undefined): number {
  const best = logits.reduce((most, logit, id) => (logit > (logits[most] ?? 0) ? id : most), 0);
  if (given === undefined) return best;
  const isClose = (logits[best] ?? 0) - (logits[given] ?? Number.NaN) <= CLEAR_MARGIN;
  return isClose ? given : best;
}
