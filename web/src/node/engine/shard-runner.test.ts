import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {tinyManifest} from '#shared/testing/tiny-manifest.ts';
import {shardRunnerContract, type ShardUnderTest} from './shard-runner.contract.ts';
import {createStubShardRunner} from './stub/stub-shard-runner.ts';
import {openTinyShard} from './testing/open-tiny-shard.ts';

const KV_TOKENS = 32;
const GGUF = tinyGguf({seed: 5});

async function stubShard(): Promise<ShardUnderTest> {
  const {spec} = await tinyManifest(GGUF, {cutEvery: 1});
  const runner = createStubShardRunner({
    spec,
    range: {startLayer: 0, endLayer: spec.layerCount},
    fixedMsPerLayer: 0,
    msPerTokenLayer: 0,
    kvTokens: KV_TOKENS,
    waitMs: () => Promise.resolve(),
  });
  return {runner, kvTokens: KV_TOKENS};
}

/** onnxruntime in this thread; in the engine worker it is tested with real pages. */
async function ortShard(): Promise<ShardUnderTest> {
  const manifest = await tinyManifest(GGUF, {cutEvery: 1});
  const runner = await openTinyShard(GGUF, {manifest, kvTokens: KV_TOKENS});
  return {runner, kvTokens: KV_TOKENS};
}

// Node has no such word; a page that is not isolated has one thread.
beforeAll(() => void vi.stubGlobal('crossOriginIsolated', false));
afterAll(() => void vi.unstubAllGlobals());

describe.each([
  ['stub', stubShard],
  ['onnxruntime', ortShard],
])('a shard runner: %s', (_, create) => {
  // The first to run loads the engine, which a busy machine takes its time for.
  test.each(shardRunnerContract)('$name', {timeout: 300_000}, async ({run}) => {
    const shard = await create();
    await expect(run(shard)).resolves.toBeUndefined();
    await shard.runner.close();
  });
});
