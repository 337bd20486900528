import {expect, test} from 'vitest';
import {SpeedMeter, type ObservedStep} from './speed-meter.ts';

const REFERENCE = {
  decodeMsPerLayer: {fixedMs: 1.5, perSessionMs: 0.5},
  prefillMsPerTokenLayer: 0.5,
  lmHeadMs: null,
};
const STEP: ObservedStep = {
  layers: 5,
  tokenCount: 1,
  withLmHead: false,
  sessions: 1,
  runMs: 10,
  overheadMs: 1,
};

/** One step every 100 ms. */
function run(meter: SpeedMeter, steps: number, fromMs: number, step: Partial<ObservedStep> = {}) {
  for (let k = 0; k < steps; k += 1) meter.observe({...STEP, ...step}, fromMs + k * 100);
}

test('[CM2] before the first step a record says what the load measured', () => {
  expect(new SpeedMeter(REFERENCE).changedFacts(0)?.facts).toMatchObject({
    decodeMsPerLayer: {fixedMs: 1.5, perSessionMs: 0.5},
    prefillMsPerTokenLayer: 0.5,
    hopOverheadMs: 0,
  });
});

test('[CM2] real steps replace it, by their share, whatever part of the range they used', () => {
  const meter = new SpeedMeter(REFERENCE);
  meter.changedFacts(0);
  run(meter, 6, 1000, {runMs: 15});
  run(meter, 6, 2000, {layers: 1, runMs: 3});
  run(meter, 6, 2600, {sessions: 5, runMs: 30});
  run(meter, 6, 3200, {tokenCount: 32, runMs: 160});
  expect(meter.changedFacts(4000)?.facts).toMatchObject({
    decodeMsPerLayer: {fixedMs: 2.25, perSessionMs: 0.75},
    prefillMsPerTokenLayer: 1,
    hopOverheadMs: 1,
  });
});

test.for<Partial<ObservedStep>>([
  {layers: 1, runMs: 3},
  {sessions: 5, runMs: 30},
  {layers: 1, sessions: 5, runMs: 6},
])('[CM2] steps are measured against what so many layers and sessions take: %o', (step) => {
  const meter = new SpeedMeter(REFERENCE);
  meter.changedFacts(0);
  run(meter, 6, 1000, step);
  expect(meter.changedFacts(4000)?.facts.decodeMsPerLayer).toEqual({
    fixedMs: 2.25,
    perSessionMs: 0.75,
  });
});

test('[CM2] a short piece of a prompt makes no token of it look dear: each piece takes something once', () => {
  const meter = new SpeedMeter(REFERENCE);
  meter.changedFacts(0);
  const {fixedMs, perTokenMs} = meter.pieceMsPerLayer;
  expect(fixedMs + 32 * perTokenMs).toBeCloseTo(32 * 0.5, 9);
  expect(fixedMs + perTokenMs).toBeCloseTo(2, 9);
  for (const tokenCount of [8, 16, 128]) {
    const runMs = 5 * 3 * (fixedMs + tokenCount * perTokenMs);
    run(meter, 40, 1000 * tokenCount, {tokenCount, runMs});
    expect(meter.pieceMsPerLayer.perTokenMs).toBeCloseTo(3 * perTokenMs, 9);
  }
});

test('[CM3] the LM head is part of what a tail costs beside its layers, and not of its layers', () => {
  const meter = new SpeedMeter({...REFERENCE, lmHeadMs: {fixedMs: 4, perSessionMs: 2}});
  meter.changedFacts(0);
  run(meter, 10, 1000, {withLmHead: true, runMs: 32});
  expect(meter.changedFacts(4000)?.facts).toMatchObject({
    decodeMsPerLayer: {fixedMs: 3, perSessionMs: 1},
    hopOverheadMs: 13,
    hopFixedMs: 8,
  });
});

test('[CM3] of a batch of steps, and of a piece of a prompt, the LM head is as much as it takes for so many', () => {
  const meter = new SpeedMeter({...REFERENCE, lmHeadMs: {fixedMs: 4, perSessionMs: 2}});
  meter.changedFacts(0);
  run(meter, 6, 1000, {sessions: 4, withLmHead: true, runMs: 2 * (5 * 3.5 + 12)});
  run(meter, 6, 2000, {layers: 1, tokenCount: 32, withLmHead: true, runMs: 3 * (32 * 0.5 + 6)});
  expect(meter.changedFacts(4000)?.facts).toMatchObject({
    decodeMsPerLayer: {fixedMs: 3, perSessionMs: 1},
    prefillMsPerTokenLayer: 1.5,
    hopOverheadMs: 13,
    hopFixedMs: 8,
  });
});

test('[CM4] a tab that becomes slow says so within seconds, at most every 3 s, and phase 1 hears it later', () => {
  const meter = new SpeedMeter(REFERENCE);
  meter.changedFacts(0);
  run(meter, 40, 0);
  meter.changedFacts(4000);
  const published: number[] = [];
  for (let k = 0; k < 50; k += 1) {
    const nowMs = 4000 + k * 100;
    meter.observe({...STEP, runMs: 40}, nowMs);
    const changed = meter.changedFacts(nowMs);
    if (changed?.isUrgent === true) published.push(nowMs);
  }
  expect(published.length).toBeGreaterThan(0);
  expect(published.every((atMs, k) => k === 0 || atMs - (published[k - 1] ?? 0) >= 3000)).toBe(
    true,
  );
  const last = meter.changedFacts(70_000)?.facts;
  expect(last?.decodeMsPerLayer).toEqual({fixedMs: 6, perSessionMs: 2});
  expect(last?.steady?.decodeMsPerLayer).toBeCloseTo(8, 0);
});

test('[CM4] what can wait goes with the next record, and what cannot has one of its own', () => {
  const meter = new SpeedMeter(REFERENCE);
  meter.changedFacts(0);
  run(meter, 20, 0, {overheadMs: null, runMs: 13});
  expect(meter.changedFacts(5000)).toMatchObject({isUrgent: false});
  run(meter, 32, 6000, {overheadMs: null, runMs: 23});
  expect(meter.changedFacts(10_000)).toMatchObject({isUrgent: true});
});

test('[CM4] differences below a step of the scale are not published', () => {
  const meter = new SpeedMeter(REFERENCE);
  meter.changedFacts(0);
  run(meter, 20, 0, {overheadMs: null, runMs: 11});
  expect(meter.changedFacts(5000)).toBeNull();
});

test('[CM5] a hidden tab is twice as slow until its own steps say how slow, and as before when it is back', () => {
  const meter = new SpeedMeter(REFERENCE);
  run(meter, 10, 0);
  meter.changedFacts(1000);
  meter.isHidden = true;
  expect(meter.changedFacts(4000)?.facts.decodeMsPerLayer.perSessionMs).toBe(1);
  run(meter, 4, 5000, {runMs: 30});
  expect(meter.changedFacts(8000)?.facts.decodeMsPerLayer.perSessionMs).toBe(1.5);
  meter.isHidden = false;
  expect(meter.changedFacts(12_000)?.facts.decodeMsPerLayer.perSessionMs).toBe(0.5);
});
