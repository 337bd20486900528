/** One answer, as far as it came. */
export type ComparedAnswer = {
  readonly id: number;
  /** Equal for requests that must get the same answer: same prompt, same sampling. */
  readonly question: string;
  readonly tokenIds: readonly number[];
  readonly isComplete: boolean;
};

/**
 * The ids of answers that are not the right one. The right one is that of
 * `reference` to the same question, else the first complete answer to it.
 * An answer that broke off is wrong only when what came of it is.
 */
export function findWrong(
  answers: readonly ComparedAnswer[],
  reference: ReadonlyMap<string, readonly number[]>,
): ReadonlySet<number> {
  const right = new Map(reference);
  for (const {question, tokenIds, isComplete} of answers) {
    if (isComplete && !right.has(question)) right.set(question, tokenIds);
  }
  const wrong = answers.filter(({question, tokenIds, isComplete}) => {
    const expected = right.get(question);
    if (expected === undefined) return false;
    const hasRightLength = isComplete
      ? tokenIds.length === expected.length
      : tokenIds.length <= expected.length;
    return !hasRightLength || tokenIds.some((tokenId, i) => tokenId !== expected[i]);
  });
  return new Set(wrong.map(({id}) => id));
}
