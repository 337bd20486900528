import {setTimeout as wait} from 'node:timers/promises';
import {assert} from '#shared/base/assert.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {lineOf, spreadOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';
import {openListServer, type ListServer} from './list-server.ts';
import {MainThread} from './main-thread.ts';
import {withPair, type Pair} from './open-pair.ts';

const RECORD_COUNTS: readonly number[] = [100, 10_000];
/** Tabs that ask. */
const CLIENTS = 3;
/** What the list of a server that floods may take of a page's time. */
const ALLOWED_MS = 100;
/** A list is read in this time, and not yet read again. */
const WINDOW_MS = 8_000;
const POLL_MS = 50;

type Spent = {
  /** The list alone: what the same page spends in the same time without one is taken off. */
  readonly listMs: number;
  readonly idleMs: number;
  readonly scriptMs: number;
  readonly longestMs: number;
  readonly knownRecords: number;
};

/**
 * What the list of one server costs the main thread of a real page, by the
 * number of valid records in the list, from page to snapshot: of tabs that ask,
 * and of one that lends and so decides about its place with every snapshot.
 */
export const benchReader: Benchmark = async (context) => {
  for (const count of context.nodes ?? RECORD_COUNTS) {
    context.log(`reader: ${count} records`);
    const server = await openListServer(count);
    try {
      await withPair(context, {peers: [server.named]}, async (pair) => {
        await measure(context, {pair, server, count});
      });
    } finally {
      await server.stop();
    }
  }
};

async function measure(
  context: BenchmarkContext,
  {pair, server, count}: {readonly pair: Pair; readonly server: ListServer; readonly count: number},
): Promise<void> {
  const {signal} = context;
  const tabs = [pair.lender, pair.client, ...(await openClients(pair))];
  while (server.readerCount() < tabs.length) await wait(POLL_MS, undefined, {signal});
  const [model] = await pair.client.knownRecords();
  assert(model !== undefined, 'the client knows the lender');
  const sign = async () => server.sign(model);
  const [lender, ...clients] = await spentBy(tabs, {sign, signal});
  assert(lender !== undefined, 'there is a tab that lends');
  printSpent(context, {who: 'a tab that asks', count, spent: clients});
  printSpent(context, {who: 'a tab that lends', count, spent: [lender]});
}

async function openClients({swarm, client}: Pair): Promise<readonly Tab[]> {
  const model = new URL(client.page.url()).searchParams.get('model');
  const clients: Tab[] = [];
  while (clients.length < CLIENTS - 1) {
    const tab = await swarm.openTab(model === null ? {} : {model});
    await tab.prepare();
    clients.push(tab);
  }
  return clients;
}

async function spentBy(
  tabs: readonly Tab[],
  {sign, signal}: {readonly sign: () => Promise<() => void>; readonly signal: AbortSignal},
): Promise<readonly Spent[]> {
  const threads = await Promise.all(tabs.map(async (tab) => MainThread.of(tab.page)));
  const read = async () => Promise.all(threads.map(async (thread) => thread.time()));
  const list = await sign();
  const atStart = await read();
  await wait(WINDOW_MS, undefined, {signal});
  const before = await read();
  list();
  await wait(WINDOW_MS, undefined, {signal});
  const after = await read();
  const longest = await Promise.all(threads.map(async (thread) => thread.longestTaskMs()));
  const known = await Promise.all(tabs.map(async (tab) => tab.knownRecords()));
  return tabs.map((_, at) => {
    const [start, idle, end] = [atStart[at], before[at], after[at]];
    assert(start && idle && end, 'each tab was read');
    const idleMs = idle.taskMs - start.taskMs;
    return {
      listMs: end.taskMs - idle.taskMs - idleMs,
      idleMs,
      scriptMs: end.scriptMs - 2 * idle.scriptMs + start.scriptMs,
      longestMs: longest[at] ?? 0,
      knownRecords: known[at]?.length ?? 0,
    };
  });
}

function printSpent(
  {print}: BenchmarkContext,
  {
    who,
    count,
    spent,
  }: {readonly who: string; readonly count: number; readonly spent: readonly Spent[]},
): void {
  const valuesOf = (of: (tab: Spent) => number) => spent.map(of);
  const worst = (of: (tab: Spent) => number) => Math.max(...valuesOf(of));
  const listMs = valuesOf((tab) => tab.listMs);
  const idleMs = worst((tab) => tab.idleMs);
  print({
    name: `reader: page time of ${who} for ${count} records`,
    value: Math.max(...listMs),
    unit: 'ms',
    against: idleMs,
    ratio: Math.max(...listMs) / idleMs,
    floor: ALLOWED_MS,
    ...spreadOf(listMs),
  });
  const name = (what: string) => `reader: ${what} of ${who} for ${count} records`;
  print(
    lineOf(
      name('script time'),
      worst((tab) => tab.scriptMs),
      'ms',
    ),
  );
  print(
    lineOf(
      name('longest task'),
      worst((tab) => tab.longestMs),
      'ms',
    ),
  );
  print(
    lineOf(
      name('records'),
      worst((tab) => tab.knownRecords),
      'records',
    ),
  );
}
