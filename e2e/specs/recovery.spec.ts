import {expect, test} from '@playwright/test';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {measureTiny} from '../load/testing/measure-tiny.ts';

const SHAPE = {layerCount: 48, hiddenSize: 64, contextTokens: 512};
/** What a stub of this model says to it is longer than all that is asked for. */
const LONG = {tokenIds: [240, 63]};
const ANSWER_TOKENS = 100;

/** Each ends one of two tabs that hold a third of the model, in another answer. */
const FAULTS = [
  {kind: 'close-tab', target: 'stage:0', request: 1, afterTokens: 1},
  {kind: 'kill-tab', target: 'stage:1', request: 2, afterTokens: 8},
  {kind: 'crash-engine', target: 'stage:2', request: 3, afterTokens: 30},
] as const;

test('[RC1] a head that closes, a middle that is killed, a tail whose engine crashes: each answer goes on with the same text', async () => {
  const {report} = await measureTiny(tinyGguf({seed: 1, shape: SHAPE}), {
    tabs: [{count: 6, engine: 'stub', maxLayers: 16}],
    waitForChains: 2,
    requests: {prompts: [LONG], count: 4, arrival: 'sequential', maxTokens: ANSWER_TOKENS},
    faults: FAULTS,
  });
  expect(report.summary).toMatchObject({requests: 4, completed: 4, failed: 0, wrong: 0});
  expect(report.requests[0]?.recoveries).toEqual([]);
  const struck = report.events.filter(({kind}) => kind === 'fault');
  expect(struck.map(({fault}) => fault)).toEqual(FAULTS.map(({kind}) => kind));
  for (const [at, {request}] of FAULTS.entries()) {
    const answer = report.requests[request];
    expect(answer?.tokenIds).toHaveLength(ANSWER_TOKENS);
    expect(answer?.recoveries).toHaveLength(1);
    const [recovery] = answer?.recoveries ?? [];
    expect(recovery?.replayedTokens).toBeGreaterThan(0);
    const nodes = answer?.chains.map((chain) => chain.map(({node}) => node)) ?? [];
    expect(nodes[0]).toContain(struck[at]?.['node']);
    expect(nodes.at(-1)).not.toContain(struck[at]?.['node']);
  }
});
