import type {AnswerReport} from './answer-report.ts';

/** All answers of a run together. */
export type AnswersSummary = {
  readonly asked: number;
  readonly done: number;
  readonly failed: number;
  readonly refusals: number;
  readonly recoveries: number;
  readonly replayedTokens: number;
  readonly bugs: number;
  /** Between two tokens of one answer: mean over answers, and the slow end of them. */
  readonly stepMs: {
    readonly mean: number;
    readonly min: number;
    readonly p50: number;
    readonly p95: number;
    readonly max: number;
  };
  /** From the question to the first token. */
  readonly firstTokenMs: {readonly mean: number; readonly p95: number};
};

/** Answers that went far enough to be timed count for times; all count for what became of them. */
export function summariseAnswers(answers: readonly AnswerReport[]): AnswersSummary {
  const sum = (pick: (answer: AnswerReport) => number) =>
    answers.reduce((total, answer) => total + pick(answer), 0);
  const stepMs = sorted(
    answers.flatMap(({countedTokens, countedMs}) =>
      countedTokens > 0 ? [countedMs / countedTokens] : [],
    ),
  );
  const firstTokenMs = sorted(
    answers.flatMap(({firstTokenMs: at, askedMs}) => (at === null ? [] : [at - askedMs])),
  );
  return {
    asked: answers.length,
    done: answers.filter(({outcome}) => outcome === 'done').length,
    failed: answers.filter(({outcome}) => outcome === 'failed').length,
    refusals: sum(({refusals}) => refusals),
    recoveries: sum(({recoveries}) => recoveries),
    replayedTokens: sum(({replayedTokens}) => replayedTokens),
    bugs: sum(({bugs}) => bugs),
    stepMs: {
      mean: mean(stepMs),
      min: rank(stepMs, 0),
      p50: rank(stepMs, 0.5),
      p95: rank(stepMs, 0.95),
      max: rank(stepMs, 1),
    },
    firstTokenMs: {mean: mean(firstTokenMs), p95: rank(firstTokenMs, 0.95)},
  };
}

function sorted(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** Nearest rank. */
function rank(ascending: readonly number[], part: number): number {
  return ascending[Math.max(0, Math.ceil(part * ascending.length) - 1)] ?? 0;
}
