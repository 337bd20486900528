import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import type {LendRequest} from '../../ports/lend-service.ts';
import type {SwarmMembership} from '../../node/swarm/swarm-membership.ts';
import {LendTab} from './lend-tab.ts';
import {Lending} from '../../node/lending/lending.ts';
import {LENT_KV_TOKENS} from '#shared/session/lent-kv-tokens.ts';
import {memoryMembership} from '../../node/lending/testing/memory-membership.ts';

const STUB: LendRequest = {engine: 'stub', capacity: {kind: 'layers', maxLayers: 10}};

/** A tab that lends once it has joined. */
function lendingTab(join: () => Promise<SwarmMembership>): LendTab {
  return new LendTab(async () => {
    const membership = await join();
    return (request, onState) => new Lending(membership, request, onState);
  });
}

beforeEach(() => {
  // onnxruntime-web, which other tests load, makes one of Node's: it would run the engine's script there.
  vi.stubGlobal('Worker', undefined);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A node that lends, and the states that a page would have seen, without repetitions. */
function follow(node: LendTab): readonly string[] {
  const kinds: string[] = [];
  node.subscribe(({kind}) => {
    if (kinds.at(-1) !== kind) kinds.push(kind);
  });
  return kinds;
}

test('[LN1] a stop while the tab joins the swarm is not lost', async () => {
  const {membership, listenerCount} = await memoryMembership();
  const joined = Promise.withResolvers<SwarmMembership>();
  const node = lendingTab(() => joined.promise);
  const kinds = follow(node);
  const lending = node.lend(STUB);
  await node.stop();
  joined.resolve(membership);
  await lending;
  expect(kinds).toEqual(['idle', 'joining', 'idle']);
  expect(listenerCount()).toBe(0);
});

test('[LN1] stopping and lending again while the tab joins lends once', async () => {
  const {membership, listenerCount} = await memoryMembership();
  const joined = Promise.withResolvers<SwarmMembership>();
  const node = lendingTab(() => joined.promise);
  const first = node.lend(STUB);
  await node.stop();
  const second = node.lend(STUB);
  joined.resolve(membership);
  await Promise.all([first, second]);
  expect(listenerCount()).toBe(1);
  await node.stop();
});

/** A node whose layers could not be loaded: there is no worker for an engine in Node. */
async function failedNode(): Promise<{
  readonly node: LendTab;
  readonly kinds: readonly string[];
  readonly listenerCount: () => number;
}> {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
  const {membership, listenerCount} = await memoryMembership();
  const node = lendingTab(() => Promise.resolve(membership));
  const kinds = follow(node);
  await node.lend({...STUB, engine: 'wasm'});
  await expect
    .poll(() => vi.advanceTimersByTimeAsync(500).then(() => kinds.at(-1)), {interval: 1})
    .toBe('failed');
  return {node, kinds, listenerCount};
}

test('[LN1] stopping lending that failed and lending again at once lends once', async () => {
  const {node, kinds, listenerCount} = await failedNode();
  await Promise.all([node.stop(), node.lend(STUB), node.lend(STUB)]);
  expect(kinds.slice(kinds.indexOf('failed'))).toEqual(['failed', 'idle', 'joining', 'waiting']);
  expect(listenerCount()).toBe(1);
  await node.stop();
  expect(listenerCount()).toBe(0);
});

test('[LN1] a stop while a lending that failed is cleared away is not lost', async () => {
  const {node, kinds, listenerCount} = await failedNode();
  await Promise.all([node.stop(), node.lend(STUB), node.stop()]);
  expect(kinds.slice(kinds.indexOf('failed'))).toEqual(['failed', 'idle']);
  expect(listenerCount()).toBe(0);
});

test('[LN2] two stops at once end one lending, and leave no listener and no record', async () => {
  const {membership, listenerCount} = await memoryMembership();
  const node = lendingTab(() => Promise.resolve(membership));
  const kinds = follow(node);
  for (let round = 0; round < 2; round += 1) {
    await node.lend(STUB);
    expect(listenerCount()).toBe(1);
    await expect.poll(() => membership.snapshotWith(null).nodes.length).toBe(1);
    await Promise.all([node.stop(), node.stop()]);
    expect(listenerCount()).toBe(0);
    await expect.poll(() => membership.snapshotWith(null).nodes.length).toBe(0);
  }
  expect(kinds).toEqual(['idle', 'joining', 'waiting', 'idle', 'joining', 'waiting', 'idle']);
});

test('[LN8] the record of a lending tab says how much its whole cache holds', async () => {
  const {membership} = await memoryMembership();
  const node = lendingTab(() => Promise.resolve(membership));
  await node.lend(STUB);
  const recorded = () => membership.snapshotWith(null).nodes.map(({kvTokens}) => kvTokens);
  await expect.poll(recorded).toEqual([LENT_KV_TOKENS]);
  await node.stop();
});

test('[LN3] a swarm that cannot be joined is reported with its code, and can be tried again', async () => {
  const {membership} = await memoryMembership();
  const joins = [Promise.reject(new Error('no server')), Promise.resolve(membership)];
  const node = lendingTab(() => joins.shift() ?? Promise.reject(new Error('joined twice')));
  const kinds = follow(node);
  await node.lend(STUB);
  await node.lend(STUB);
  expect(kinds).toEqual(['idle', 'joining', 'failed', 'joining', 'waiting']);
  await node.stop();
});

test('[NR4] a record names the layers that load as a claim, and as a shard once they are served', async () => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
  const {membership} = await memoryMembership();
  const seen: string[] = [];
  membership.onSnapshot(() => {
    const [own] = membership.records();
    const now = `${own?.claim ? 'claim' : '-'} ${own?.shards.length ?? 0}`;
    if (seen.at(-1) !== now) seen.push(now);
  });
  const node = lendingTab(() => Promise.resolve(membership));
  const kinds = follow(node);
  await node.lend(STUB);
  await expect
    .poll(() => vi.advanceTimersByTimeAsync(500).then(() => seen.at(-1)), {interval: 1})
    .toBe('- 1');
  expect(kinds).toContain('serving');
  expect(seen).toEqual(['- 0', 'claim 0', '- 1']);
  await node.stop();
});
