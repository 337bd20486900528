/// <reference types="node" />
import {parentPort} from 'node:worker_threads';
import {broken, brokenChainChecks, type Check} from '#shared/lab/virtual-swarm/checks.ts';
import {summariseAnswers} from '#shared/lab/virtual-swarm/report/summarise-answers.ts';
import {runVirtualSwarm} from '#shared/lab/virtual-swarm/run-virtual-swarm.ts';
import {brokenChains} from '#shared/lab/virtual-swarm/scripts/broken-chains.ts';

const NODES = 500;
const ANSWERS = 40;

/** What became of the answers of one seed. */
export type BrokenChainsOutcome = {
  readonly seed: number;
  readonly answers: number;
  readonly faults: number;
  readonly recoveries: number;
  readonly replayedTokens: number;
  readonly wrong: number;
  readonly failed: number;
  /** Those that do not hold. */
  readonly checks: readonly Check[];
};

// One seed after the other, as the main thread hands them over.
parentPort?.on('message', (seed: number) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window: a port of Node.
  parentPort?.postMessage(outcomeOf(seed));
});

function outcomeOf(seed: number): BrokenChainsOutcome {
  const report = runVirtualSwarm(brokenChains({seed, nodes: NODES, requests: ANSWERS}));
  const {asked, done, recoveries, replayedTokens} = summariseAnswers(report.answers);
  const {faults, wrong} = report;
  const checks = broken(brokenChainChecks(report));
  return {
    seed,
    answers: asked,
    faults,
    recoveries,
    replayedTokens,
    wrong,
    failed: asked - done,
    checks,
  };
}
