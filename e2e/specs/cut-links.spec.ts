import {expect, test} from '@playwright/test';
import * as z from 'zod';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {measureTiny} from '../load/testing/measure-tiny.ts';
import {readRemotePorts} from '../network/put-behind-proxy.ts';

const SHAPE = {layerCount: 48, hiddenSize: 64, contextTokens: 512};
/** What a stub of this model says to it is longer than all that is asked for. */
const LONG = {tokenIds: [240, 63]};
const ANSWER_TOKENS = 60;

/** Each between two other stages of a chain, in another answer. */
const FAULTS = [0, 1, 2].map((stage) => ({
  kind: 'cut-link',
  target: `stage:${stage}`,
  request: stage,
  afterTokens: 8,
}));

test('[RC2] [UP5] links whose packets vanish, from the head, from the middle and from the tail: each answer goes on with the same text', async () => {
  const {report} = await measureTiny(
    tinyGguf({seed: 1, shape: SHAPE}),
    {
      tabs: [{count: 6, engine: 'stub', maxLayers: 16}],
      waitForChains: 2,
      requests: {prompts: [LONG], count: 3, arrival: 'sequential', maxTokens: ANSWER_TOKENS},
      faults: FAULTS,
    },
    {
      onLoadDone: async ({tabs}, proxy) => {
        if (proxy === null) return; // The same without faults.
        const ports = await Promise.all(tabs.map(({page}) => readRemotePorts(page)));
        expect(ports.flat().length).toBeGreaterThan(tabs.length);
        expect(proxy.ports).toEqual(expect.arrayContaining(ports.flat()));
        expect(proxy.counters.cutPackets).toBeGreaterThan(0);
      },
    },
  );
  expect(report.summary).toMatchObject({requests: 3, completed: 3, failed: 0, wrong: 0});
  const cut = report.events.filter(({kind}) => kind === 'fault');
  expect(cut.map(({fault}) => fault)).toEqual(FAULTS.map(({kind}) => kind));
  for (const {id, tokenIds, recoveries, chains} of report.requests) {
    expect(tokenIds).toHaveLength(ANSWER_TOKENS);
    expect(recoveries.length).toBeGreaterThan(0);
    expect(edgesOf(chains[0])).toContain(edgeOf(cut[id]));
    expect(edgesOf(chains.at(-1))).not.toContain(edgeOf(cut[id]));
  }
});

type Chain = readonly {readonly node: string}[];

/** The tail sends tokens to the head. */
function edgesOf(chain: Chain = []): readonly string[] {
  return chain.map(({node}, at) => `${node} → ${chain[(at + 1) % chain.length]?.node}`);
}

function edgeOf(event: Readonly<Record<string, unknown>> | undefined): string {
  const {node, to} = z.object({node: z.string(), to: z.object({node: z.string()})}).parse(event);
  return `${node} → ${to.node}`;
}
