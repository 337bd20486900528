import type {ReferenceForward} from './reference-forward.ts';

type Likely = {readonly id: number; readonly logit: number};

export type ReferenceStep = {
  readonly tokenId: number;
  /** The likeliest tokens, best first. */
  readonly top: readonly Likely[];
  /** By how much the best logit is above the second. */
  readonly margin: number;
};

/** The likeliest tokens behind a prompt, one after the other; a fresh `forward` for each prompt. */
export function greedyReference(
  forward: ReferenceForward,
  {
    promptIds,
    maxNewTokens,
    topCount,
  }: {
    readonly promptIds: readonly number[];
    readonly maxNewTokens: number;
    readonly topCount: number;
  },
): readonly ReferenceStep[] {
  const steps: ReferenceStep[] = [];
  let logits = new Float64Array();
  for (const tokenId of promptIds) logits = Float64Array.from(forward.next(tokenId));
  while (steps.length < maxNewTokens) {
    const best = likeliest(logits);
    const [first, second] = best;
    const tokenId = first?.id ?? 0;
    const margin = (first?.logit ?? 0) - (second?.logit ?? 0);
    steps.push({tokenId, top: best.slice(0, topCount), margin});
    logits = Float64Array.from(forward.next(tokenId));
  }
  return steps;
}

/** All tokens, best first; of equal ones the lower id. */
function likeliest(logits: Float64Array): readonly Likely[] {
  return Array.from(logits, (logit, id) => ({id, logit})).toSorted((a, b) => b.logit - a.logit);
}
