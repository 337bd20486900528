import type {NextRandom} from '#shared/scheduling/seeded-choice.ts';
import type {AskedRequest} from '../virtual-answer.ts';

/** Requests that come independently of each other (Poisson), from clients in turn. */
export function steadyRequests(
  asked: {
    readonly count: number;
    readonly clients: number;
    readonly perSec: number;
    readonly fromMs: number;
    readonly promptTokens: number;
    readonly newTokens: number;
  },
  random: NextRandom,
): readonly AskedRequest[] {
  const {count, clients, perSec, fromMs, promptTokens, newTokens} = asked;
  let atMs = fromMs;
  return Array.from({length: count}, (_, number) => {
    atMs -= (1000 / perSec) * Math.log(1 - random());
    return {atMs, client: number % clients, promptTokens, newTokens};
  });
}
