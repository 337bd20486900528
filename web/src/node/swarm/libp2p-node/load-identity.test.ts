import {generateKeyPair, privateKeyToProtobuf} from '@libp2p/crypto/keys';
import {afterEach, expect, test, vi} from 'vitest';
import {createEphemeralIdentity, loadIdentity} from './load-identity.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** No browser of these tests is slow. */
const load = () => loadIdentity({stepLimitMs: 600_000});
/** For browsers that never answer. */
const loadSoon = () => loadIdentity({stepLimitMs: 50});

type Hold = (lock: object | null) => Promise<void>;
type Request = (name: string, options: object, hold: Hold) => Promise<unknown>;

/** What a browser may do with a request for a lock. */
const granted: Request = (_name, _options, hold) => hold({});
function locksThat(request: Request | undefined): void {
  vi.stubGlobal('navigator', request && {locks: {request}});
}

/** What IndexedDB may do with a request: `success`, `error` and `silence`, or throw. */
type Outcome = {readonly result?: unknown; readonly error?: DOMException} | 'silence';
type DbRequest = {
  result?: unknown;
  error?: unknown;
  onsuccess?: () => void;
  onerror?: () => void;
};
function requestFor(outcome: Outcome): DbRequest {
  const request: DbRequest = {};
  if (outcome === 'silence') return request;
  setTimeout(() => {
    Object.assign(request, outcome);
    if (outcome.error === undefined) request.onsuccess?.();
    else request.onerror?.();
  });
  return request;
}

function storageThat({get, put}: {readonly get: Outcome; readonly put: Outcome}): void {
  const store = {
    get: () => requestFor(get),
    put: () => undefined,
    // idb-keyval waits for the end of the transaction that a `put` is part of.
    get transaction() {
      const transaction: {oncomplete?: () => void; onabort?: () => void; error?: unknown} = {};
      if (put === 'silence') return transaction;
      setTimeout(() => {
        transaction.error = put.error;
        if (put.error === undefined) transaction.oncomplete?.();
        else transaction.onabort?.();
      });
      return transaction;
    },
  };
  const db = {transaction: () => ({objectStore: () => store})};
  vi.stubGlobal('indexedDB', {open: () => requestFor({result: db})});
}

const denied = new DOMException('denied', 'SecurityError');
const full = new DOMException('full', 'QuotaExceededError');
const broken = new DOMException('no mutations', 'InvalidStateError');
const empty = {get: {result: undefined}, put: {}};

test('[ID1] a stored key is the same next time, and a malformed one is replaced', async () => {
  locksThat(granted);
  const kept = await generateKeyPair('Ed25519');
  storageThat({...empty, get: {result: privateKeyToProtobuf(kept)}});
  const identity = await load();
  expect(identity.privateKey.equals(kept)).toBe(true);
  expect(identity.isKept).toBe(true);
  const foreign = privateKeyToProtobuf(await generateKeyPair('secp256k1'));
  for (const result of [undefined, 'text', new Uint8Array([1, 2, 3]), foreign]) {
    storageThat({...empty, get: {result}});
    expect(await load()).toMatchObject({isKept: true, privateKey: {type: 'Ed25519'}});
  }
});

test.each<[string, Request | undefined]>([
  ['are missing', undefined],
  ['are refused', () => Promise.reject(denied)],
  [
    'throw',
    () => {
      throw denied;
    },
  ],
  ['never answer', () => new Promise(() => undefined)],
])('[ID2] where locks %s the tab is somebody new', async (_, request) => {
  locksThat(request);
  storageThat(empty);
  expect(await loadSoon()).toMatchObject({isKept: false, privateKey: {type: 'Ed25519'}});
});

test.each<[string, () => void]>([
  ['is missing', () => vi.stubGlobal('indexedDB', undefined)],
  [
    'throws',
    () =>
      vi.stubGlobal('indexedDB', {
        open: () => {
          throw denied;
        },
      }),
  ],
  ['does not open', () => vi.stubGlobal('indexedDB', {open: () => requestFor({error: broken})})],
  ['never opens', () => vi.stubGlobal('indexedDB', {open: () => requestFor('silence')})],
  ['cannot be read', () => storageThat({...empty, get: {error: broken}})],
  ['never gives anything', () => storageThat({...empty, get: 'silence'})],
  ['is full', () => storageThat({...empty, put: {error: full}})],
  ['never takes anything', () => storageThat({...empty, put: 'silence'})],
])('[ID2] where storage %s the tab is somebody new, and its lock is free', async (_, close) => {
  const held: Promise<void>[] = [];
  locksThat((_name, _options, hold) => {
    held.push(hold({}));
    return Promise.resolve();
  });
  close();
  expect(await loadSoon()).toMatchObject({isKept: false, privateKey: {type: 'Ed25519'}});
  await Promise.all(held);
  expect(held).toHaveLength(1);
});

test('[ID2] a lock that is granted too late is given back', async () => {
  const late = Promise.withResolvers<void>();
  const requests: Promise<unknown>[] = [];
  locksThat((_name, _options, hold) => {
    const held = late.promise.then(() => hold({}));
    requests.push(held);
    return held;
  });
  storageThat(empty);
  expect((await loadSoon()).isKept).toBe(false);
  late.resolve();
  await Promise.all(requests);
});

test('[ID3] a slot that another tab holds is passed over', async () => {
  const names: string[] = [];
  locksThat((name, _options, hold) => {
    names.push(name);
    return hold(names.length < 3 ? null : {});
  });
  storageThat(empty);
  expect((await load()).isKept).toBe(true);
  expect(names).toEqual(['weft-identity-0', 'weft-identity-1', 'weft-identity-2']);
});

test('[ID4] a page that is not secure says how to open it', async () => {
  vi.stubGlobal('crypto', {});
  for (const identity of [load(), createEphemeralIdentity()]) {
    await expect(identity).rejects.toThrow(/open it over https, or on localhost$/u);
  }
});
