import {expect, test} from 'vitest';
import {measureShard, SAME_BITS, SAME_WITHIN_ROUNDING, type CutProof} from './measure-shard.ts';
import {runInTurn} from '../run-step.ts';
import {NO_MEMORY} from '../shard-memory.ts';
import type {ShardOutput, ShardRunner, ShardStep} from '../shard-runner.ts';

const GRID = {layerCount: 4, cutEvery: 2};

/** An engine that answers with its input: the real one cannot be made to fail on request. */
function echoRunner(distort: (step: ShardStep, bytes: Uint8Array) => void): ShardRunner {
  const open = new Set<string>();
  const run = async (step: ShardStep): Promise<ShardOutput> => {
    if (!open.has(step.sessionId)) throw new Error('Not open');
    if (step.input.kind !== 'hidden') throw new Error('Hidden states only');
    if (step.output === 'none') return {kind: 'none'};
    const bytes = step.input.bytes.slice();
    distort(step, bytes);
    return {kind: 'hidden', dtype: 'f16', bytes};
  };
  return {
    range: {startLayer: 0, endLayer: 4},
    mostSessions: 8,
    openSession: async (sessionId) => {
      open.add(sessionId);
    },
    run: (steps) => runInTurn(steps, run),
    truncate: async (_sessionId, position) => position,
    closeSession: async (sessionId) => {
      open.delete(sessionId);
    },
    memory: () => NO_MEMORY,
    close: async () => undefined,
  };
}

function measure(
  runner: ShardRunner,
  runs: number[] = [],
  {proof = SAME_BITS, readMs = 8}: {proof?: CutProof; readMs?: number} = {},
) {
  let nowMs = 0;
  return measureShard({
    runner,
    grid: GRID,
    hiddenSize: 8,
    contextTokens: 512,
    hasLmHead: true,
    runsTogether: true,
    proof,
    nowMs: () => (nowMs += readMs),
    onRun: ({runsDone, runsTotal}) => runs.push(runsTotal - runsDone),
  });
}

test('[MS1] times are per layer and token, and every run is reported', async () => {
  const runs: number[] = [];
  const speed = await measure(
    echoRunner(() => undefined),
    runs,
  );
  // The clock does not know how many sessions ran.
  expect(speed).toEqual({
    decodeMsPerLayer: {fixedMs: 2, perSessionMs: 0},
    prefillMsPerTokenLayer: 8 / (32 * 4),
    lmHeadMs: {fixedMs: 0, perSessionMs: 0},
  });
  expect(runs).toEqual(Array.from(runs, (_, at) => runs.length - 1 - at));
});

test('[MS5] a step has a part that it takes anyway, and one that each session adds', async () => {
  let nowMs = 0;
  const echo = echoRunner(() => undefined);
  const runner: ShardRunner = {
    ...echo,
    run: (steps) => {
      const headMs = steps[0]?.output === 'logits' ? 6 + 2 * steps.length : 0;
      nowMs += 12 + 4 * steps.length + headMs;
      return echo.run(steps);
    },
  };
  const speedOf = (runsTogether: boolean) =>
    measureShard({
      runner,
      grid: GRID,
      hiddenSize: 8,
      contextTokens: 512,
      hasLmHead: true,
      runsTogether,
      proof: SAME_BITS,
      nowMs: () => nowMs,
      onRun: () => undefined,
    });
  const together = await speedOf(true);
  expect(together.decodeMsPerLayer).toEqual({fixedMs: 3, perSessionMs: 1});
  expect(together.lmHeadMs).toEqual({fixedMs: 6, perSessionMs: 2});
  const inTurn = await speedOf(false);
  expect(inTurn.decodeMsPerLayer).toEqual({fixedMs: 0, perSessionMs: 4});
  expect(inTurn.lmHeadMs).toEqual({fixedMs: 0, perSessionMs: 8});
});

test('[MS4] a very slow engine is measured by fewer runs', async () => {
  const runs: number[] = [];
  const runner = echoRunner(() => undefined);
  // The clock moves on by this much whenever it is read.
  const speed = await measure(runner, runs, {readMs: 4_000});
  expect(speed).toMatchObject({decodeMsPerLayer: {fixedMs: 1_000, perSessionMs: 0}});
  const proof = 1 + SAME_BITS.pieces.length;
  // One prefill; warm-up and one step; four sessions; the same for one cell, without and with the LM head.
  expect(runs).toHaveLength(proof + 1 + (5 + 3) + 2 * (5 + 3));
});

test('[MS2] an engine whose numbers depend on the length of a piece fails its test', async () => {
  const runner = echoRunner((step, bytes) => {
    if (step.tokenCount === 1) bytes[3] = (bytes[3] ?? 0) ^ 1;
  });
  await expect(measure(runner)).rejects.toThrow(
    expect.objectContaining({detail: {code: 'SELF_TEST_FAILED'}}),
  );
});

test('[MS3] a GPU may differ by rounding, not by a wrong row', async () => {
  const rounded = echoRunner((step, bytes) => {
    if (step.tokenCount === 40) bytes[0] = (bytes[0] ?? 0) ^ 1;
  });
  await measure(rounded, [], {proof: SAME_WITHIN_ROUNDING});
  const wrongRow = echoRunner((step, bytes) => {
    if (step.tokenCount === 40) bytes.copyWithin(33 * 16, 32 * 16, 33 * 16);
  });
  await expect(measure(wrongRow, [], {proof: SAME_WITHIN_ROUNDING})).rejects.toThrow(
    expect.objectContaining({detail: {code: 'SELF_TEST_FAILED'}}),
  );
});
