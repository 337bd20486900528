import {generateKeyPair} from '@libp2p/crypto/keys';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {asPeerId} from '../base/ids.ts';
import {
  isFarewell,
  RECORD_MAX_BYTES,
  RECORD_REFRESH_MS,
  type NodeRecord,
} from '../protocol/node-record.ts';
import {buildRecord} from '../testing/record-builder.ts';
import {MemoryDirectoryServer} from './testing/memory-directory.ts';
import {fitRecord, startRecordPublisher, type PublishingLink} from './record-publisher.ts';
import {recordPrefix, sealedByteLength} from './records/signed-record.ts';

const privateKey = await generateKeyPair('Ed25519');
const peerId = asPeerId(peerIdFromPrivateKey(privateKey).toString());
const facts = buildRecord({peerId});
/** Real time, for a busy machine; each look moves the fake clock on by the interval. */
const PATIENT = {interval: 1, timeout: 30_000};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets the microtasks of signing and publishing run. */
async function advance(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

/** A link to one server, whose clock may be another than that of the publisher. */
function createLink(clock: {aheadMs: number}) {
  const listeners = new Set<() => void>();
  const beatListeners = new Set<() => void>();
  const returnListeners = new Set<() => void>();
  const suspected: string[] = [];
  const link: PublishingLink = {
    namedServers: () => [{peerId, addresses: []}],
    onServersChanged: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onBeat: (listener) => {
      beatListeners.add(listener);
      return () => beatListeners.delete(listener);
    },
    onReturn: (listener) => {
      returnListeners.add(listener);
      return () => returnListeners.delete(listener);
    },
    suspect: (serverId) => suspected.push(serverId),
    readClock: async () => {
      clock.aheadMs = 0;
    },
  };
  const reconnect = (): void => {
    for (const listener of listeners) listener();
  };
  const beat = (): void => {
    for (const listener of beatListeners) listener();
  };
  const comeBack = (): void => {
    for (const listener of returnListeners) listener();
  };
  return {link, suspected, reconnect, beat, comeBack};
}

async function createWorld(clock = {aheadMs: 0}) {
  const server = new MemoryDirectoryServer(Date.now);
  const {link, ...connection} = createLink(clock);
  const prefix = recordPrefix(facts.swarmId, facts.manifestHash);
  const [directory, reader] = [await server.open(prefix), await server.open(prefix)];
  const seen: NodeRecord[] = [];
  reader.subscribe(() => seen.push(...reader.list().records));
  const failures: unknown[] = [];
  const publisher = startRecordPublisher({
    directory,
    privateKey,
    facts,
    now: () => Date.now() + clock.aheadMs,
    link,
    onFailure: (cause) => failures.push(cause),
  });
  // Signing is WebCrypto: real time, outside the fake timers.
  const settle = (count: number) => vi.waitFor(() => expect(seen.length).toBe(count), PATIENT);
  return {server, publisher, reader, seen, failures, settle, ...connection};
}

test('[RP1] [NR2] publishes at once, and again before expiry, with a higher seq', async () => {
  const {seen, settle, publisher} = await createWorld();
  await advance(0);
  await settle(1);
  await advance(RECORD_REFRESH_MS);
  await settle(2);
  expect(seen[1]?.seq).toBeGreaterThan(seen[0]?.seq ?? Infinity);
  expect((seen[0]?.expiresAtMs ?? 0) - (seen[0]?.seq ?? 0)).toBe(30_000);
  await publisher.stop();
});

test('[RP2] many changes in a moment are one record, at most four a second', async () => {
  const {seen, settle, publisher} = await createWorld();
  await advance(0);
  await settle(1);
  for (let openSessions = 1; openSessions <= 50; openSessions += 1) {
    publisher.update({openSessions});
    await advance(10);
  }
  await vi.waitFor(() => expect(seen.at(-1)?.openSessions).toBe(50), PATIENT);
  // At the start, after 250 and after 500 ms, and one more when signing took its time.
  expect(seen.length).toBeLessThanOrEqual(4);
  await publisher.stop();
});

test('[RP3] an update that changes nothing publishes nothing', async () => {
  const {seen, settle, publisher} = await createWorld();
  await advance(0);
  await settle(1);
  publisher.update({openSessions: facts.openSessions});
  await advance(2000);
  expect(seen.length).toBe(1);
  await publisher.stop();
});

test('[RP7] facts that can wait go with the next record, and cause none', async () => {
  const {seen, settle, publisher} = await createWorld();
  await advance(0);
  await settle(1);
  publisher.attach({hopOverheadMs: 7});
  await advance(2000);
  expect(seen.length).toBe(1);
  publisher.update({openSessions: 3});
  await advance(250);
  await settle(2);
  expect(seen[1]).toMatchObject({hopOverheadMs: 7, openSessions: 3});
  await publisher.stop();
});

test('[RP4] says goodbye at the end, and nothing after', async () => {
  const {reader, settle, publisher} = await createWorld();
  await advance(0);
  await settle(1);
  await publisher.stop();
  expect(reader.list().records).toEqual([]);
  expect(isFarewell(publisher.current() ?? facts)).toBe(true);
  publisher.update({openSessions: 9});
  await advance(60_000);
  expect(reader.list().records).toEqual([]);
});

test('[RP5] tells of a failure and tries again until a server takes the record', async () => {
  const {server, seen, failures, settle, publisher} = await createWorld();
  server.setReachable(false);
  await advance(0);
  await vi.waitFor(() => expect(failures.length).toBe(1), PATIENT);
  server.setReachable(true);
  await advance(1000);
  await settle(1);
  expect(failures).toMatchObject([{detail: {code: 'DIRECTORY_UNREACHABLE'}}]);
  expect(seen.length).toBe(1);
  await publisher.stop();
});

test('[RP6] drops the slowest round trips until the record fits', () => {
  const addresses = Array.from({length: 4}, (_, index) => `/dns4/${'x'.repeat(150)}/tcp/${index}`);
  const rtts = Array.from({length: 16}, (_, index) => ({peerId, rttMs: 16.04 - index}));
  const unreachable = Array.from({length: 4}, () => peerId);
  const record = {...facts, addresses, rtts, unreachable};
  expect(sealedByteLength(record)).toBeGreaterThan(RECORD_MAX_BYTES);
  const fitted = fitRecord(record);
  expect(sealedByteLength(fitted)).toBeLessThanOrEqual(RECORD_MAX_BYTES);
  expect(fitted.rtts.length).toBeGreaterThan(0);
  expect(fitted.rtts.map(({rttMs}) => rttMs)).toEqual(
    Array.from({length: fitted.rtts.length}, (_, index) => index + 1),
  );
  expect(fitted.addresses).toEqual(addresses);
});

test.each([-3_600_000, -60_000, 60_000, 86_400_000])(
  '[RP8] refused for its times by a clock %d ms off, it reads the clock and is stored at once',
  async (aheadMs) => {
    const {failures, seen, settle, publisher} = await createWorld({aheadMs});
    await advance(0);
    await vi.waitFor(() => expect(failures.length).toBe(1), PATIENT);
    await advance(0);
    await settle(1);
    expect(seen[0]?.seq).toBeLessThan(Date.now() + 1_000);
    expect(failures).toMatchObject([{detail: {code: expect.stringMatching(/^RECORD_/u)}}]);
    await publisher.stop();
  },
);

test('[RP9] no answer makes it suspect the link, and wait longer each time', async () => {
  const {server, failures, suspected, publisher} = await createWorld();
  server.setReachable(false);
  await advance(0);
  await vi.waitFor(() => expect(failures.length).toBe(1), PATIENT);
  await vi.waitFor(() => expect(suspected).toEqual([peerId]), PATIENT);
  await advance(1_000);
  await vi.waitFor(() => expect(failures.length).toBe(2), PATIENT);
  await advance(1_500);
  expect(failures.length).toBe(2);
  await advance(500);
  await vi.waitFor(() => expect(failures.length).toBe(3), PATIENT);
  await publisher.stop();
});

test('[RP10] a server that is back gets the record at once, and so does one after the tab was away', async () => {
  const {reconnect, comeBack, seen, settle, publisher} = await createWorld();
  await advance(0);
  await settle(1);
  reconnect();
  await advance(250);
  await settle(2);
  expect(seen[1]?.seq).toBeGreaterThan(seen[0]?.seq ?? Infinity);
  comeBack();
  await advance(250);
  await settle(3);
  await publisher.stop();
});

test('[RP11] a page whose timers are held back publishes by what it hears', async () => {
  const {beat, seen, settle, publisher} = await createWorld();
  await advance(0);
  await settle(1);
  const stopwatchMs = performance.now();
  const late = vi.spyOn(performance, 'now').mockReturnValue(stopwatchMs + RECORD_REFRESH_MS);
  beat();
  // Each look moves the fake clock on by 1 ms: not as far as the next record is due.
  await vi.waitFor(() => expect(seen.length).toBe(2), {interval: 1, timeout: 5_000});
  late.mockRestore();
  await publisher.stop();
});
