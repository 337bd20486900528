import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {asPeerId} from '../base/ids.ts';
import {shard, snapshotNode} from '../testing/snapshot-node.ts';
import {decidePlacement} from './allocation/placement/decide-placement.ts';
import {holdSpeed, logStep, STEADY_MS, steadySnapshot, type HeldSpeed} from './steady-speed.ts';
import {snapshotOfNodes} from './swarm-snapshot.ts';

const timeMs = fc.double({min: 0.001, max: 1e5, noNaN: true});

test('[SI1] a time is within a tenth of its step, and a step stays where it is', () => {
  fc.assert(
    fc.property(timeMs, (ms) => {
      const step = logStep(ms);
      expect(Math.abs(step / ms - 1)).toBeLessThan(0.1);
      expect(logStep(step)).toBe(step);
    }),
  );
  expect([0, -1, Number.NaN].map(logStep)).toEqual([0, 0, 0]);
});

test('[SI2] a speed is changed at most once a minute, and not for less than a step', () => {
  const measurement = fc.record({
    afterMs: fc.nat({max: 20_000}),
    decodeMsPerLayer: timeMs,
    hopOverheadMs: timeMs,
  });
  fc.assert(
    fc.property(fc.array(measurement, {maxLength: 60}), (measurements) => {
      let held: HeldSpeed | null = null;
      let nowMs = 0;
      for (const {afterMs, ...speed} of measurements) {
        nowMs += afterMs;
        const before: HeldSpeed | null = held;
        held = holdSpeed(before, speed, nowMs);
        if (before !== null && held !== before) {
          expect(held.sinceMs - before.sinceMs).toBeGreaterThanOrEqual(STEADY_MS);
        }
      }
    }),
  );
  const first = holdSpeed(null, {decodeMsPerLayer: 1, hopOverheadMs: 1}, 0);
  expect(holdSpeed(first, {decodeMsPerLayer: 1.1, hopOverheadMs: 1}, STEADY_MS)).toBe(first);
  const slower = holdSpeed(first, {decodeMsPerLayer: 3, hopOverheadMs: 1}, STEADY_MS);
  expect(slower.speed.decodeMsPerLayer).toBeCloseTo(3, 0);
});

test('[SI3] load, and speeds that differ by less than a step, change no decision of phase 1', () => {
  const speed = {decodeMsPerLayer: logStep(2), hopOverheadMs: 0};
  const load = fc.record({
    openSessions: fc.nat({max: 8}),
    kvTokensFree: fc.nat({max: 8192}),
    decodeMsPerLayer: fc.record({fixedMs: fc.constant(0), perSessionMs: timeMs}),
  });
  const decisionsWith = (loads: readonly object[]) => {
    const nodes = ['a', 'b', 'c', 'd', 'e'].map((id, at) =>
      snapshotNode(id, {
        capacityLayers: {plain: 4, first: 4, last: 4, both: 4},
        steady: speed,
        shards: at === 0 ? [shard(0, 4, 8)] : [],
        ...loads[at],
      }),
    );
    const snapshot = snapshotOfNodes(nodes, 0);
    const model = {layerCount: 8, cutEvery: 1};
    const target = {alpha: 2};
    return nodes.map(({nodeId}) => decidePlacement({snapshot, model, self: nodeId, target}));
  };
  fc.assert(
    fc.property(fc.array(load, {minLength: 5, maxLength: 5}), (loads) => {
      expect(decisionsWith(loads)).toEqual(decisionsWith([]));
    }),
    {numRuns: 20},
  );
});

test('[SI4] of a node that says no steady speed, the measured one is taken in steps', () => {
  const node = snapshotNode('a', {
    decodeMsPerLayer: {fixedMs: 0.5, perSessionMs: 1.5},
    rtts: [{peerId: asPeerId('b'), rttMs: 10.4}],
    coords: {at: [11, -4, 0], heightMs: 1, errorMs: 2},
  });
  const view = steadySnapshot(snapshotOfNodes([node], 7));
  expect(view.takenAtMs).toBe(7);
  expect(view.nodes[0]).toMatchObject({
    decodeMsPerLayer: {fixedMs: logStep(2) / 4, perSessionMs: (3 * logStep(2)) / 4},
    rtts: [{rttMs: logStep(10.4)}],
    coords: {at: [10, -5, 0], heightMs: 0},
  });
});
