import {expect, test} from 'vitest';
import {runVirtualSwarm, type SwarmScript} from './run-virtual-swarm.ts';

const script: SwarmScript = {
  grid: {layerCount: 30, cutEvery: 5},
  seed: 1,
  nodes: 50,
  joinWithinMs: 1000,
  meanLifeMs: Infinity,
  durationMs: 60_000,
  faults: {maxDelayMs: 2000, lossRate: 0.1},
  maxSkewMs: 0,
  liarRate: 0,
  capacityLayers: [8, 16],
};

test('[VS1] 50 joins in a second settle within 3 record periods, then nothing moves', () => {
  const report = runVirtualSwarm(script);
  expect(report.lastChangeMs).toBeLessThan(30_000);
  expect(report).toMatchObject({coveredShare: 1, moves: 0, uncoveredByMove: 0, ghosts: 0});
  expect(report.abandonedLoads).toBeLessThanOrEqual(report.joins);
});

test('[VS2] under churn, lies and skewed clocks the model stays covered and little is reloaded', () => {
  const report = runVirtualSwarm({
    ...script,
    nodes: 30,
    meanLifeMs: 300_000,
    durationMs: 300_000,
    maxSkewMs: 200,
    liarRate: 0.05,
    capacityLayers: [10, 20],
  });
  expect(report.departures).toBeGreaterThan(10);
  expect(report.coveredShare).toBeGreaterThan(0.999);
  expect(report.reloadedLayers).toBeLessThanOrEqual(1.1 * report.departedLayers);
  expect(report).toMatchObject({ghosts: 0, uncoveredByMove: 0});
});

test('[VS3] equal scripts give equal reports', () => {
  const short = {...script, nodes: 10, durationMs: 20_000};
  expect(runVirtualSwarm(short)).toEqual(runVirtualSwarm(short));
});
