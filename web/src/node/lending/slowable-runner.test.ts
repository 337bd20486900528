import {expect, test} from 'vitest';
import {asSessionId} from '#shared/base/ids.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {tinyManifest} from '#shared/testing/tiny-manifest.ts';
import {runStep} from '../engine/run-step.ts';
import {shardRunnerContract} from '../engine/shard-runner.contract.ts';
import {createStubShardRunner} from '../engine/stub/stub-shard-runner.ts';
import {SlowableRunner} from './slowable-runner.ts';

const KV_TOKENS = 32;

/** A stub whose steps take 10 ms of a time that only waiting moves. */
async function slowableStub() {
  const {spec} = await tinyManifest(tinyGguf({seed: 5}), {cutEvery: 1});
  let nowMs = 0;
  const waitMs = async (ms: number): Promise<void> => {
    nowMs += ms;
  };
  const range = {startLayer: 0, endLayer: spec.layerCount};
  const stub = createStubShardRunner({
    spec,
    range,
    fixedMsPerLayer: 10 / spec.layerCount,
    msPerTokenLayer: 0,
    kvTokens: KV_TOKENS,
    waitMs,
  });
  const runner = new SlowableRunner(stub, {nowMs: () => nowMs, waitMs});
  return {runner, nowMs: () => nowMs};
}

test('[LN9] from when it is made slow each run takes so many times as long', async () => {
  const {runner, nowMs} = await slowableStub();
  const sessionId = asSessionId('00000000000000a1');
  await runner.openSession(sessionId, KV_TOKENS);
  const run = async (position: number): Promise<number> => {
    const startMs = nowMs();
    await runStep(runner, {
      sessionId,
      position,
      tokenCount: 1,
      input: {kind: 'tokens', tokenIds: Uint32Array.of(1)},
      range: runner.range,
      output: 'hidden',
    });
    return nowMs() - startMs;
  };
  expect(await run(0)).toBeCloseTo(10);
  runner.slowDown(4);
  expect(await run(1)).toBeCloseTo(40);
  expect(await run(2)).toBeCloseTo(40);
});

for (const {name, run} of shardRunnerContract) {
  test(`[LN9] a slow runner keeps all that a runner promises: ${name}`, async () => {
    const {runner} = await slowableStub();
    runner.slowDown(3);
    await expect(run({runner, kvTokens: KV_TOKENS})).resolves.toBeUndefined();
  });
}
