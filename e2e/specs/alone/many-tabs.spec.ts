import {expect, test} from '@playwright/test';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {expectedStubAnswer} from '../../load/testing/expected-stub-answer.ts';
import {measureTiny} from '../../load/testing/measure-tiny.ts';
import {specOfGguf} from '../../load/testing/spec-of-gguf.ts';
import {
  expectBytesAsSeen,
  expectChainsAsServed,
  observeWhenQuiet,
  type ObservedTabs,
} from '../../load/testing/observed-swarm.ts';
import {reportSchema} from '../../load/testing/report-fields.ts';

const LAYER_COUNT = 48;
const HIDDEN_SIZE = 64;
const FRAME_HEADER_BYTES = 28;

test('[SW1] 20 tabs, 50 requests of 2 clients: all right, and the report agrees with the tabs and their browser', async () => {
  test.setTimeout(720_000);
  const requests = {
    prompts: ['hello world', 'because', {tokenIds: [5, 6, 7]}],
    count: 50,
    clients: 2,
    arrival: 'poisson',
    perSec: 2,
    maxTokens: 8,
    temperature: 0.7,
    seed: 3,
  };
  const tabs = [{count: 20, engine: 'stub', maxLayers: 12}];
  const shape = {layerCount: LAYER_COUNT, hiddenSize: HIDDEN_SIZE};
  const gguf = tinyGguf({seed: 1, shape});
  let observed: ObservedTabs = new Map();
  const load = {seed: 7, tabs, requests, waitForChains: 2};
  const {report, isGood} = await measureTiny(gguf, load, {
    onLoadDone: async (swarm) => {
      observed = await observeWhenQuiet(swarm);
    },
  });
  expect(report.requests.flatMap(({error}) => error ?? [])).toEqual([]);
  expect(report.summary).toMatchObject({requests: 50, completed: 50, failed: 0, wrong: 0});
  expect(isGood).toBe(true);
  expect(reportSchema.parse(JSON.parse(JSON.stringify(report)))).toBeTruthy();

  const spec = await specOfGguf(gguf);
  for (const {promptTokenIds, tokenIds, chains, wireBytesPerTokenPerHop} of report.requests) {
    expect(tokenIds).toEqual(await expectedStubAnswer({...requests, spec, promptTokenIds}));
    expect(chains.at(-1)?.map(({startLayer}) => startLayer)).toEqual([
      0,
      ...(chains.at(-1) ?? []).slice(0, -1).map(({endLayer}) => endLayer),
    ]);
    expect(chains.at(-1)?.at(-1)?.endLayer).toBe(LAYER_COUNT);
    expect(wireBytesPerTokenPerHop).toBe(HIDDEN_SIZE * 2 + FRAME_HEADER_BYTES);
  }
  expectChainsAsServed(report, observed);
  expectBytesAsSeen(report, observed);
});
