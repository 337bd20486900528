import {percentile} from '../../../load/report/percentile.ts';
import {lineOf} from '../bench-line.ts';
import type {BenchmarkContext} from '../benchmark.ts';
import type {ServedTimes} from '../tabs/served-answers.ts';

/** An answer is good that keeps within both: its first token, and nineteen of twenty of the others. */
const LIMIT_MS = {firstToken: 4_000, token: 250};

/**
 * Tokens by the clock, waits for the first token and between tokens, and how many answers were good.
 *
 * @returns tokens per second of all, from the first question to the last token.
 */
export function printServed(
  {print}: BenchmarkContext,
  name: string,
  served: readonly ServedTimes[],
): number {
  const gapsMs = served.flatMap((answer) => answer.gapsMs);
  const firstTokensMs = served.map(({firstTokenMs}) => firstTokenMs);
  const endsMs = served.map(({dueMs, firstTokenMs, gapsMs: gaps}) =>
    gaps.reduce(sum, dueMs + firstTokenMs),
  );
  const firstDueMs = Math.min(...served.map(({dueMs}) => dueMs));
  const wallSec = (Math.max(...endsMs) - firstDueMs) / 1_000;
  const tokensPerSec = (gapsMs.length + served.length) / wallSec;
  const good = served.filter(
    (answer) =>
      answer.firstTokenMs <= LIMIT_MS.firstToken && percentile(answer.gapsMs, 95) <= LIMIT_MS.token,
  );
  const waits = {
    ...lineOf(`${name}: tokens of all, by the clock`, tokensPerSec, 'tokens/s'),
    firstTokenMs: {p50: percentile(firstTokensMs, 50), p95: percentile(firstTokensMs, 95)},
    tokenMs: {p50: percentile(gapsMs, 50), p95: percentile(gapsMs, 95)},
  };
  print(waits);
  const goodput = {
    ...lineOf(`${name}: answers within the limits`, good.length / wallSec, 'answers/s'),
    limitMs: LIMIT_MS,
    goodAnswers: good.length,
    answers: served.length,
  };
  print(goodput);
  return tokensPerSec;
}

function sum(total: number, ms: number): number {
  return total + ms;
}
