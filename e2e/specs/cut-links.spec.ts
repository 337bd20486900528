import {expect, test} from '@playwright/test';
import * as z from 'zod';
import {cutFaults} from '../load/scenario/fault-matrix.ts';
import {ANSWER_TOKENS, measureMatrix} from '../load/testing/measure-matrix.ts';
import {readRemotePorts} from '../network/put-behind-proxy.ts';

test('[RC2] [UP5] links whose packets vanish, from the head, from the middle and from the tail: each answer goes on with the same text', async () => {
  const cells = cutFaults([8]);
  const {summary, requests, events} = await measureMatrix({
    cells,
    holders: 2,
    seed: 1,
    temperature: 0.8,
    onLoadDone: async ({tabs}, proxy) => {
      const ports = await Promise.all(tabs.map(({page}) => readRemotePorts(page)));
      expect(ports.flat().length).toBeGreaterThan(tabs.length);
      expect(proxy?.ports).toEqual(expect.arrayContaining(ports.flat()));
      expect(proxy?.counters.cutPackets).toBeGreaterThan(0);
    },
  });
  const {length: count} = cells;
  expect(summary).toMatchObject({requests: count, completed: count, failed: 0, wrong: 0});
  const cut = events.filter(({kind}) => kind === 'fault');
  expect(cut).toHaveLength(count);
  for (const {id, tokenIds, recoveries, chains} of requests) {
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
