import {expect, test} from '@playwright/test';
import * as z from 'zod';
import type {Report} from '../load/report/report.ts';
import {coveringFaults, cutFaults} from '../load/scenario/fault-matrix.ts';
import {ANSWER_TOKENS, measureMatrix} from '../load/testing/measure-matrix.ts';
import {readRemotePorts} from '../network/put-behind-proxy.ts';

const HOLDERS = 3;
const FATAL_CELLS = coveringFaults();
const CUT_CELLS = cutFaults([8]);
const CELLS = [...FATAL_CELLS, ...CUT_CELLS];

/** Of one swarm: it is opened once for all cells. */
let report: Report;
/** Where tabs send packets to, and the ports of the proxy. */
let remotePorts: readonly number[];
let proxyPorts: readonly number[];
let cutPackets: number;

test.beforeAll(async () => {
  test.setTimeout(800_000);
  report = await measureMatrix({
    cells: CELLS,
    holders: HOLDERS,
    seed: 1,
    temperature: 0.8,
    onLoadDone: async ({tabs}, proxy) => {
      // Some have ended.
      const ports = await Promise.allSettled(tabs.map(({page}) => readRemotePorts(page)));
      remotePorts = ports.flatMap((read) => (read.status === 'fulfilled' ? read.value : []));
      proxyPorts = proxy?.ports ?? [];
      cutPackets = proxy?.counters.cutPackets ?? 0;
    },
  });
});

type Answered = Report['requests'][number];

/** What happened to an answer. */
function faultsOf({id}: Answered): Report['events'] {
  const [from, to] = [id, id + 1].map((asked) =>
    report.events.findIndex(({kind, request}) => kind === 'held' && request === asked),
  );
  return report.events.slice(from, to === -1 ? undefined : to).filter(({kind}) => kind === 'fault');
}

const isCut = (answered: Answered): boolean =>
  faultsOf(answered).some(({fault}) => fault === 'cut-link');

test('[RC1] [RC3] [SN5] whatever ends a tab, wherever and whenever, two at once, and whoever takes over: each answer goes on with the same text', () => {
  const {summary, events} = report;
  const {length: count} = CELLS;
  expect(summary).toMatchObject({requests: count, completed: count, failed: 0, wrong: 0});
  expect(events.filter(({kind}) => kind === 'fault')).toHaveLength(CELLS.flat().length);
  const held = events.filter(({kind}) => kind === 'held');
  expect(held.map(({chains}) => chains)).toEqual(CELLS.map(() => HOLDERS));
  const requests = report.requests.filter((answered) => !isCut(answered));
  expect(requests).toHaveLength(FATAL_CELLS.length);
  for (const answered of requests) {
    const {id, tokenIds, chains, recoveries} = answered;
    expect(tokenIds).toHaveLength(ANSWER_TOKENS);
    const ended = faultsOf(answered).filter(({fault}) => fault !== 'crash-engine');
    expect(ended.length).toBeGreaterThan(0);
    const lost = events.filter(({kind, request}) => kind === 'request-lost-hop' && request === id);
    const lastHops = chains.at(-1)?.map(({node}) => node);
    // Whose engine crashed, or who was only late, may serve again.
    for (const {node} of ended) expect(lastHops).not.toContain(node);
    expect(lost.length).toBeGreaterThanOrEqual(recoveries.length);
    for (const {replayedTokens} of recoveries) expect(replayedTokens).toBeGreaterThan(0);
  }
});

test('[RC2] [UP5] links whose packets vanish, from the head, from the middle and from the tail: each answer goes on with the same text', () => {
  expect(remotePorts.length).toBeGreaterThan(CELLS.length);
  expect(proxyPorts).toEqual(expect.arrayContaining([...remotePorts]));
  expect(cutPackets).toBeGreaterThan(0);
  const requests = report.requests.filter(isCut);
  expect(requests).toHaveLength(CUT_CELLS.length);
  for (const answered of requests) {
    const {tokenIds, recoveries, chains} = answered;
    expect(tokenIds).toHaveLength(ANSWER_TOKENS);
    expect(recoveries.length).toBeGreaterThan(0);
    const [cut] = faultsOf(answered);
    expect(edgesOf(chains[0])).toContain(edgeOf(cut));
    expect(edgesOf(chains.at(-1))).not.toContain(edgeOf(cut));
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
