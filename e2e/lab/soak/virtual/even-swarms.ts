import {
  answerChecks,
  atMost,
  broken,
  evenChecks,
  type Check,
} from '#shared/lab/virtual-swarm/checks.ts';
import {runVirtualSwarm} from '#shared/lab/virtual-swarm/run-virtual-swarm.ts';
import {
  equalTabsBadlySpread,
  equalTabsJoin,
  equalTabsJoinOneByOne,
} from '#shared/lab/virtual-swarm/scripts/even-swarms.ts';
import type {SwarmScript} from '#shared/lab/virtual-swarm/swarm-script.ts';
import type {Soak} from '../soak.ts';

const JOINING_SEEDS = 200;
const OTHER_SEEDS = 20;

/** Twenty equal tabs, from many seeds: however they join or are placed, they end up within one of even. */
export const soakEvenSwarms: Soak = ({seed}) => {
  const together = runSeeds(equalTabsJoin, {firstSeed: seed, count: JOINING_SEEDS});
  const oneByOne = runSeeds(equalTabsJoinOneByOne, {firstSeed: seed, count: OTHER_SEEDS});
  const badlySpread = runSeeds(equalTabsBadlySpread, {firstSeed: seed, count: OTHER_SEEDS});
  const checks = [
    atMost('seeds that break a check, joining together', together.broken.length, 0),
    atMost('seeds that break a check, joining one by one', oneByOne.broken.length, 0),
    atMost('seeds that break a check, badly spread', badlySpread.broken.length, 0),
  ];
  return Promise.resolve({checks, figures: {together, oneByOne, badlySpread}});
};

function runSeeds(
  scriptOf: (seed: number) => SwarmScript,
  {firstSeed, count}: {readonly firstSeed: number; readonly count: number},
) {
  const brokenSeeds: {readonly seed: number; readonly checks: readonly Check[]}[] = [];
  let moves = 0;
  let lastChangeMs = 0;
  for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
    const report = runVirtualSwarm(scriptOf(seed));
    moves += report.moves;
    lastChangeMs = Math.max(lastChangeMs, report.lastChangeMs);
    const checks = broken([...evenChecks(report), ...answerChecks(report)]);
    if (checks.length > 0) brokenSeeds.push({seed, checks});
  }
  return {seeds: count, moves, lastChangeMs, broken: brokenSeeds};
}
