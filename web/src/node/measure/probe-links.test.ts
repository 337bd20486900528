import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {assert} from '#shared/base/assert.ts';
import {asPeerId, type PeerId} from '#shared/base/ids.ts';
import {Listeners} from '#shared/base/listeners.ts';
import {MemoryNetwork} from '#shared/transport/testing/memory-transport.ts';
import {LinkBook, type LinkFacts} from './link-book.ts';
import {MeasuredTransport} from './measured-transport.ts';
import {startLinkProbes} from './probe-links.ts';

const SELF = asPeerId('self');
const NEVER = {signal: new AbortController().signal};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A node whose links are noted, among `count` others; those in `gone` are not there any more. */
function createWorld({
  count,
  gone = [],
}: {
  readonly count: number;
  readonly gone?: readonly string[];
}) {
  const network = new MemoryNetwork();
  const others = Array.from({length: count}, (_, k) => asPeerId(`p${k}`));
  for (const peerId of others) if (!gone.includes(peerId)) network.join(peerId);
  const book = new LinkBook();
  const transport = new MeasuredTransport({
    transport: network.join(SELF),
    book,
    stopwatchMs: () => performance.now(),
  });
  const connected = new Set<PeerId>();
  const connect = transport.connect.bind(transport);
  const dialling = vi.spyOn(transport, 'connect').mockImplementation(async (to, options) => {
    await connect(to, options);
    connected.add(to);
  });
  return {network, others, book, transport, connected, dialling};
}

/** Those of a tab that serves, so that it opens no link only to measure. */
function quietProbes({transport, book, others, connected}: ReturnType<typeof createWorld>) {
  return {
    transport,
    book,
    nodes: () => others.map((nodeId) => ({nodeId, coords: null})),
    connectedPeers: () => connected,
    onConnected: () => () => undefined,
    disconnect: () => undefined,
    onReturn: () => () => undefined,
    isViaTurn: () => Promise.resolve(false),
    isServing: () => true,
    isServerThere: () => true,
    onServersChanged: () => () => undefined,
    onAllSilent: () => undefined,
    nowMs: () => performance.now(),
    onFacts: () => undefined,
  };
}

/** The last facts after `seconds` of probing. */
async function probe(
  world: ReturnType<typeof createWorld>,
  {
    seconds,
    isServing = false,
    isServerThere = () => true,
  }: {
    readonly seconds: number;
    readonly isServing?: boolean;
    readonly isServerThere?: () => boolean;
  },
): Promise<LinkFacts | null> {
  let facts: LinkFacts | null = null;
  const stop = startLinkProbes({
    ...quietProbes(world),
    nodes: () => [SELF, ...world.others].map((nodeId) => ({nodeId, coords: null})),
    isViaTurn: (peerId) => Promise.resolve(peerId === 'p1'),
    isServing: () => isServing,
    isServerThere,
    onFacts: (published) => {
      facts = published;
    },
  });
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  stop();
  return facts;
}

test('[CP6] a node opens one link to measure when it joins, and up to four in time', async () => {
  const world = createWorld({count: 10});
  await probe(world, {seconds: 10});
  expect(world.connected.size).toBe(1);
  const facts = await probe(world, {seconds: 300});
  expect(world.connected.size).toBeLessThanOrEqual(5);
  expect(facts?.rtts.map(({peerId}) => peerId).toSorted()).toEqual([...world.connected].toSorted());
});

test('[CP6] while answers run through it, it opens none, and measures those that are there', async () => {
  const world = createWorld({count: 30});
  for (const peerId of world.others.slice(0, 20)) world.connected.add(peerId);
  const facts = await probe(world, {seconds: 120, isServing: true});
  expect(world.connected.size).toBe(20);
  expect(facts?.rtts).toHaveLength(16);
  expect(facts?.coords).not.toBeNull();
});

/** What a node gives up on when the only other one is absent. */
async function unreachableAfter(seconds: number): Promise<readonly PeerId[] | undefined> {
  return (await probe(createWorld({count: 1, gone: ['p0']}), {seconds}))?.unreachable;
}

test('[CP4] a peer that it cannot reach is dialled again after 30 s, and then published', async () => {
  expect(await unreachableAfter(25)).toEqual([]);
  expect(await unreachableAfter(45)).toEqual(['p0']);
});

test('[CP8] without a server nobody is dialled, and who was out of reach then is not when one is back', async () => {
  const world = createWorld({count: 1, gone: ['p0']});
  const [p0] = world.others;
  for (let tries = 0; tries < 2; tries += 1) {
    await world.transport.connect(p0 ?? SELF, NEVER).catch(() => undefined);
  }
  const backAtMs = performance.now() + 60_000;
  const isServerThere = () => performance.now() >= backAtMs;
  const facts = await probe(world, {seconds: 50, isServerThere});
  expect(facts?.unreachable).toEqual([p0]);
  expect(world.dialling).toHaveBeenCalledTimes(2);
  const later = await probe(world, {seconds: 20, isServerThere});
  expect(later?.unreachable).toEqual([]);
  expect(world.dialling).toHaveBeenCalledTimes(3);
});

/** A link that is open, until its peer falls silent; afterwards, what was published and how often it was dialled. */
async function fallSilent({
  isGone,
  serverBackAfterMs = 0,
  hasOtherLink = false,
}: {
  readonly isGone: boolean;
  readonly serverBackAfterMs?: number;
  readonly hasOtherLink?: boolean;
}) {
  const world = createWorld({count: 1});
  const backAtMs = performance.now() + serverBackAfterMs;
  let allSilentCount = 0;
  const [peer] = world.others;
  assert(peer !== undefined, 'there is a peer');
  const published: (readonly PeerId[])[] = [];
  const stop = startLinkProbes({
    ...quietProbes(world),
    connectedPeers: () => new Set(hasOtherLink ? [asPeerId('other')] : []),
    isServerThere: () => performance.now() >= backAtMs,
    onServersChanged: (listener) => {
      const timer = setTimeout(listener, serverBackAfterMs);
      return () => clearTimeout(timer);
    },
    onAllSilent: () => {
      allSilentCount += 1;
    },
    onFacts: ({unreachable}) => {
      published.push(unreachable);
    },
  });
  await world.transport.connect(peer, NEVER);
  if (isGone) world.network.leave(peer);
  world.network.silence(SELF, peer);
  const atOnce = published.at(-1);
  const dialled = vi.spyOn(world.transport, 'connect').mockClear();
  await vi.advanceTimersByTimeAsync(serverBackAfterMs);
  const dialsWhenBack = dialled.mock.calls.length;
  await vi.advanceTimersByTimeAsync(70_000 - serverBackAfterMs);
  stop();
  const dials = dialled.mock.calls.length;
  return {peer, atOnce, atLast: published.at(-1), dials, dialsWhenBack, allSilentCount};
}

/** A tab with a link to one other, of which the test says when a connection opens. */
async function watchOnePeer() {
  const world = createWorld({count: 1});
  const [peer] = world.others;
  assert(peer !== undefined, 'there is a peer');
  const connected = new Listeners<[peerId: PeerId]>();
  const published: (readonly PeerId[])[] = [];
  const stop = startLinkProbes({
    ...quietProbes(world),
    onConnected: (listener) => connected.add(listener),
    onFacts: ({unreachable}) => published.push(unreachable),
  });
  await world.transport.connect(peer, NEVER);
  return {world, peer, connected, published, stop};
}

test('[CP9] a peer whose link fell silent is unreachable at once, and until it is reached, also while answers run', async () => {
  const {peer, atOnce, atLast, dials} = await fallSilent({isGone: false});
  expect(atOnce).toEqual([peer]);
  expect(atLast).toEqual([]);
  expect(dials).toBe(1);
});

test('[CP9] a first ping that is lost with the connection before is sent again over the one that is there', async () => {
  const {world, peer, connected, published, stop} = await watchOnePeer();
  world.network.silence(SELF, peer);
  vi.spyOn(world.transport, 'measureRtt').mockRejectedValueOnce(new Error('the link was lost'));
  connected.call(peer);
  await vi.advanceTimersByTimeAsync(0);
  stop();
  expect(published).toEqual([[peer], []]);
});

test('[CP9] it is dialled less and less often while it cannot be reached', async () => {
  const {peer, atLast, dials} = await fallSilent({isGone: true});
  expect(atLast).toEqual([peer]);
  expect(dials).toBe(4); // After 5, 15, 35 and 65 s.
});

test('[CP9] it is dialled at once when a server is back, however long it would have waited', async () => {
  const {atLast, dials, dialsWhenBack} = await fallSilent({
    isGone: false,
    serverBackAfterMs: 61_000,
  });
  expect(dialsWhenBack).toBe(1);
  expect(dials).toBe(1);
  expect(atLast).toEqual([]);
});

test('[CP9] it is not unreachable any longer as soon as it has dialled by itself', async () => {
  const {world, peer, connected, published, stop} = await watchOnePeer();
  world.network.leave(peer);
  world.network.silence(SELF, peer);
  expect(published.at(-1)).toEqual([peer]);
  const dialled = vi.spyOn(world.transport, 'connect').mockClear();
  connected.call(peer); // Nothing comes back over that connection.
  await vi.advanceTimersByTimeAsync(0);
  expect(published.at(-1)).toEqual([peer]);
  world.network.join(peer);
  connected.call(peer);
  await vi.advanceTimersByTimeAsync(0);
  expect(published.at(-1)).toEqual([]);
  await vi.advanceTimersByTimeAsync(70_000);
  stop();
  expect(dialled).not.toHaveBeenCalled();
});

/** A tab that had links to two others, and is back from a sleep in which one of them gave it up. */
async function comeBack({
  isSilent = false,
  listedAfterMs = 0,
}: {
  /** Whether nothing comes back over the link that still looks open. */
  readonly isSilent?: boolean;
  /** When the list of others comes that had expired meanwhile. */
  readonly listedAfterMs?: number;
}) {
  const world = createWorld({count: 2});
  const [left, kept] = world.others;
  assert(left !== undefined && kept !== undefined, 'there are two');
  let isListEmpty = false;
  const returned = new Listeners();
  const disconnected: PeerId[] = [];
  const stop = startLinkProbes({
    ...quietProbes(world),
    nodes: () => (isListEmpty ? [] : world.others.map((nodeId) => ({nodeId, coords: null}))),
    onReturn: (listener) => returned.add(listener),
    disconnect: (peerId) => {
      disconnected.push(peerId);
      world.connected.delete(peerId);
    },
  });
  for (const peerId of world.others) await world.transport.connect(peerId, NEVER);
  await vi.advanceTimersByTimeAsync(2_000);
  world.connected.delete(left);
  isListEmpty = listedAfterMs > 0;
  if (isSilent) {
    const measure = world.transport.measureRtt.bind(world.transport);
    vi.spyOn(world.transport, 'measureRtt').mockImplementation(async (to, options) =>
      to === left || disconnected.includes(to)
        ? measure(to, options)
        : untilAbortedOnly(to, options),
    );
  }
  world.dialling.mockClear();
  returned.call();
  await vi.advanceTimersByTimeAsync(listedAfterMs);
  const dialsBeforeList = world.dialling.mock.calls.length;
  isListEmpty = false;
  await vi.advanceTimersByTimeAsync(4_000);
  stop();
  return {
    left,
    kept,
    disconnected,
    dialled: world.dialling.mock.calls.map(([peerId]) => peerId),
    dialsBeforeList,
  };
}

async function untilAbortedOnly(
  _: PeerId,
  {signal}: {readonly signal: AbortSignal},
): Promise<number> {
  return await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('nothing came back')));
  });
}

test('[CP12] a tab that is back dials whom it had links with, at once, and keeps those that answer', async () => {
  const {left, dialled, disconnected} = await comeBack({});
  expect(dialled).toEqual([left]);
  expect(disconnected).toEqual([]);
});

test('[CP12] a link over which nothing comes back is ended, and its peer dialled', async () => {
  const {left, kept, dialled, disconnected} = await comeBack({isSilent: true});
  expect(disconnected).toEqual([kept]);
  expect(dialled).toEqual([left, kept]);
});

test('[CP12] a first dial that fails is repeated after a second, then less and less often', async () => {
  const world = createWorld({count: 1});
  const [peer] = world.others;
  assert(peer !== undefined, 'there is a peer');
  const returned = new Listeners();
  const stop = startLinkProbes({
    ...quietProbes(world),
    onReturn: (listener) => returned.add(listener),
  });
  await world.transport.connect(peer, NEVER);
  await vi.advanceTimersByTimeAsync(2_000);
  world.connected.clear();
  world.network.leave(peer);
  const startMs = performance.now();
  const dialledMs: number[] = [];
  world.dialling.mockImplementation(async () => {
    dialledMs.push(performance.now() - startMs);
    return await Promise.reject(new Error('the relayed connection has ended'));
  });
  returned.call();
  await vi.advanceTimersByTimeAsync(20_000);
  stop();
  expect(dialledMs).toEqual([0, 1_000, 3_000, 7_000, 15_000]);
});

test('[CP12] one whose record expired meanwhile is dialled when the next list has come', async () => {
  const {left, dialled, dialsBeforeList} = await comeBack({listedAfterMs: 2_000});
  expect(dialsBeforeList).toBe(0);
  expect(dialled).toEqual([left]);
});

test('[CP13] over an idle link nothing comes back: its peer has fallen silent, until it answers again', async () => {
  const {world, peer, published, stop} = await watchOnePeer();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(published.at(-1)).toEqual([]);
  const measuring = vi.spyOn(world.transport, 'measureRtt').mockRejectedValue(new Error('silence'));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(published.at(-1)).toEqual([peer]);
  measuring.mockRestore();
  await vi.advanceTimersByTimeAsync(5_000);
  stop();
  expect(published.at(-1)).toEqual([]);
});

test('[CP10] when the last link falls silent the way to the servers is looked at, and not while another is open', async () => {
  expect((await fallSilent({isGone: true})).allSilentCount).toBe(1);
  expect((await fallSilent({isGone: true, hasOtherLink: true})).allSilentCount).toBe(0);
});

test('[CP11] whether a neighbour is reached by way of TURN is read with each round trip', async () => {
  const world = createWorld({count: 2});
  for (const peerId of world.others) await world.transport.connect(peerId, NEVER);
  const facts = await probe(world, {seconds: 10});
  const viaTurn = facts?.rtts.filter((rtt) => rtt.viaTurn).map(({peerId}) => peerId);
  expect(facts?.rtts).toHaveLength(2);
  expect(viaTurn).toEqual(['p1']);
});

test('[CP7] a long frame tells the uplink, a short one and one to itself do not', async () => {
  vi.useRealTimers();
  const {transport, book} = createWorld({count: 1});
  await transport.send(asPeerId('p0'), new Uint8Array(1000), NEVER);
  await transport.send(SELF, new Uint8Array(100_000), NEVER);
  expect(book.facts(0).uplinkBytesPerSec).toBeNull();
  await transport.send(asPeerId('p0'), new Uint8Array(100_000), NEVER);
  await expect.poll(() => book.facts(0).uplinkBytesPerSec).toBeGreaterThan(0);
});
