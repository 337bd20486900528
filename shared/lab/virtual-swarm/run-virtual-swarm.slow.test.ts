import {assert, nat, property} from 'fast-check';
import {expect, test} from 'vitest';
import {seededRandom} from '#shared/scheduling/seeded-choice.ts';
import {answerChecks, broken, brokenChainChecks, churnChecks, joinChecks} from './checks.ts';
import {comingAndGoing, joinStorm} from './scripts/membership-scripts.ts';
import {runVirtualSwarm} from './run-virtual-swarm.ts';
import {brokenChains} from './scripts/broken-chains.ts';
import {steadyRequests} from './scripts/steady-requests.ts';
import {summariseAnswers} from './report/summarise-answers.ts';

const JOINING_MS = 1000;
/** The soaks make it an hour. */
const LONG_MS = 360_000;

test('[VS1] 50 joins in a second settle within 3 record periods, whatever the seed', () => {
  assert(
    property(nat(1_000_000), (seed) => {
      const report = runVirtualSwarm(joinStorm({seed, nodes: 50, durationMs: 60_000}));
      expect(broken(joinChecks(report, JOINING_MS))).toEqual([]);
    }),
    {numRuns: 1},
  );
});

test('[VS2] churn, lies and skewed clocks: covered, and little is reloaded', () => {
  const report = runVirtualSwarm(
    comingAndGoing({
      seed: 1,
      nodes: 40,
      durationMs: LONG_MS,
      meanLifeMs: 240_000,
      draw: {liarRate: 0.05, maxSkewMs: 200},
    }),
  );
  expect(report.departures).toBeGreaterThan(40);
  expect(broken(churnChecks(report))).toEqual([]);
});

test('[PL8] [PL9] in a pool with hardly a spare, no layer loses its last replica by a move', () => {
  const crowd = {nodes: 30, durationMs: 450_000, meanLifeMs: 300_000};
  const draw = {capacityLayers: [3, 6], liarRate: 0.05} as const;
  const {moves, uncoveredByMove} = runVirtualSwarm(comingAndGoing({...crowd, seed: 5, draw}));
  expect(moves).toBeGreaterThan(0);
  expect(uncoveredByMove).toBe(0);
});

test('[VS3] equal scripts give equal reports', () => {
  const short = comingAndGoing({seed: 1, nodes: 10, durationMs: 60_000, meanLifeMs: 60_000});
  const asked = {count: 10, clients: 2, perSec: 1, fromMs: 20_000, promptTokens: 9, newTokens: 9};
  const script = {...short, requests: steadyRequests(asked, seededRandom(1))};
  expect(runVirtualSwarm(script)).toEqual(runVirtualSwarm(script));
});

test('[VS4] a pool in which nobody comes or goes makes no move', () => {
  const report = runVirtualSwarm(joinStorm({seed: 1, nodes: 40, durationMs: LONG_MS}));
  expect(broken(joinChecks(report, JOINING_MS))).toEqual([]);
});

const asked = {
  count: 60,
  clients: 10,
  perSec: 2,
  fromMs: 30_000,
  promptTokens: 100,
  newTokens: 48,
};

test('[VS5] clients with late and lost records get their answers, and every hop is freed', () => {
  const calm = joinStorm({seed: 1, nodes: 24, durationMs: 120_000});
  const report = runVirtualSwarm({...calm, requests: steadyRequests(asked, seededRandom(2))});
  expect(broken(answerChecks(report))).toEqual([]);
});

test('[VS6] hops that are full refuse, and the answer comes over others or later', () => {
  const crowded = joinStorm({seed: 1, nodes: 20, durationMs: 240_000, draw: {maxSessions: 3}});
  const many = {...asked, count: 28, perSec: 20, newTokens: 12};
  const requests = steadyRequests(many, seededRandom(2));
  const report = runVirtualSwarm({...crowded, requests});
  expect(summariseAnswers(report.answers).refusals).toBeGreaterThan(100);
  expect(broken(answerChecks(report))).toEqual([]);
});

test('[VS7] no answer is lost to a tab that leaves, while others serve its layers', () => {
  const report = runVirtualSwarm({
    ...comingAndGoing({seed: 1, nodes: 30, durationMs: 160_000, meanLifeMs: 80_000}),
    requests: steadyRequests({...asked, count: 40, newTokens: 100}, seededRandom(2)),
  });
  expect(report.coveredShare).toBe(1);
  expect(summariseAnswers(report.answers).recoveries).toBeGreaterThan(5);
  expect(broken(answerChecks(report))).toEqual([]);
});

test('[VS9] every answer outlives its tabs, token for token', () => {
  const report = runVirtualSwarm(brokenChains({seed: 1, nodes: 60, requests: 30}));
  expect(broken(brokenChainChecks(report))).toEqual([]);
});

test.each([2, 3])(
  '[VS10] [HL7] three tabs that each hold a part of the model, one of which crashes %i times',
  (crashes) => {
    const draw = {capacityLayers: [11, 11]} as const;
    const calm = joinStorm({seed: 1, nodes: 3, durationMs: 120_000, draw});
    const [asking] = steadyRequests({...asked, count: 1}, seededRandom(2));
    const faults = Array.from({length: crashes}, (_, at) => {
      return {kind: 'crash-engine', request: 0, afterTokens: 8 + 8 * at, stage: 1} as const;
    });
    const requests = asking === undefined ? [] : [asking];
    const report = runVirtualSwarm({...calm, requests, faults});
    const isLost = crashes === 3;
    expect(report).toMatchObject({
      faults: crashes,
      wrong: 0,
      openSessions: 0,
      departures: isLost ? 1 : 0,
      answers: [{outcome: isLost ? 'failed' : 'done', recoveries: crashes}],
    });
    expect(report.replicas.every((replicas) => replicas === 1)).toBe(!isLost);
  },
);
