import {atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {shareOut} from '../../bench/share-out.ts';
import type {Soak} from '../soak.ts';
import type {BrokenChainsOutcome} from './broken-chains-worker.ts';

const SEEDS = 200;
const SAY_EVERY = 10;

/** 500 tabs, and every answer loses hops: 200 times, each with other tabs, questions and faults. */
export const soakBrokenChains: Soak = async ({seed: first}, {signal}) => {
  const seeds = Array.from({length: SEEDS}, (_, at) => first + at);
  const outcomes = await shareOut<number, BrokenChainsOutcome>(seeds, {
    worker: new URL('broken-chains-worker.ts', import.meta.url),
    signal,
    onAnswer: (_answer, _seed, done) => {
      if (done % SAY_EVERY === 0)
        process.stderr.write(`${String(done)} of ${String(SEEDS)} seeds\n`);
    },
  });
  const failed = outcomes.filter(({checks}) => checks.length > 0);
  const check = atMost('seeds with an answer that was lost or wrong', failed.length, 0);
  const sum = (of: (outcome: BrokenChainsOutcome) => number) =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const figures = {
    answers: sum(({answers}) => answers),
    faults: sum(({faults}) => faults),
    recoveries: sum(({recoveries}) => recoveries),
    replayedTokens: sum(({replayedTokens}) => replayedTokens),
    wrong: sum(({wrong}) => wrong),
    failed: sum((outcome) => outcome.failed),
    failedSeeds: failed.map(({seed, checks}) => ({seed, checks})),
  };
  return {checks: [check], figures};
};
