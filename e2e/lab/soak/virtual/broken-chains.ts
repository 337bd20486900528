import {broken, brokenChainChecks, type Check} from '#shared/lab/virtual-swarm/checks.ts';
import {brokenChains} from '#shared/lab/virtual-swarm/scripts/broken-chains.ts';
import {runVirtualSwarm} from '#shared/lab/virtual-swarm/run-virtual-swarm.ts';
import {summariseAnswers} from '#shared/lab/virtual-swarm/report/summarise-answers.ts';
import type {Soak} from '../soak.ts';

const SEEDS = 200;
const NODES = 500;
const ANSWERS = 40;

/** 500 tabs, and every answer loses hops: 200 times, each with other tabs, questions and faults. */
export const soakBrokenChains: Soak = ({seed: first}) => {
  const sums = {answers: 0, faults: 0, recoveries: 0, replayedTokens: 0, wrong: 0, failed: 0};
  const failed: {readonly seed: number; readonly checks: readonly Check[]}[] = [];
  for (let seed = first; seed < first + SEEDS; seed += 1) {
    const report = runVirtualSwarm(brokenChains({seed, nodes: NODES, requests: ANSWERS}));
    const {asked, done, recoveries, replayedTokens} = summariseAnswers(report.answers);
    sums.answers += asked;
    sums.faults += report.faults;
    sums.recoveries += recoveries;
    sums.replayedTokens += replayedTokens;
    sums.wrong += report.wrong;
    sums.failed += asked - done;
    const checks = broken(brokenChainChecks(report));
    if (checks.length > 0) failed.push({seed, checks});
  }
  const says = 'seeds with an answer that was lost or wrong';
  const check = {says, value: failed.length, limit: 0, holds: failed.length === 0};
  return Promise.resolve({checks: [check], figures: {...sums, failedSeeds: failed}});
};
