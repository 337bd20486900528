import {Libp2pRecord} from '@libp2p/record';
import {Key} from 'interface-datastore/key';
import {expect, test} from 'vitest';
import {asPeerId} from '../../base/ids.ts';
import type {NodeRecord} from '../../protocol/node-record.ts';
import {buildRecord} from '../../testing/record-builder.ts';
import {toBase32} from './base32.ts';
import {NewestRecordDatastore} from './newest-record-datastore.ts';
import {RECORD_MAX_LIFE_MS} from '../records/signed-record.ts';

const NOW_MS = 1_800_000_000_000;
const encoder = new TextEncoder();

/** As kad-dht stores it; the signature is checked by the validator, before. */
function entry(owner: string, seq: number, model = 'ab', changes: Partial<NodeRecord> = {}) {
  const record = buildRecord({peerId: asPeerId(owner), seq, ...changes});
  const key = `/weft/2/public/${model}/${owner}`;
  const value = new Uint8Array([...new Uint8Array(64), ...encoder.encode(JSON.stringify(record))]);
  const raw = new Libp2pRecord(encoder.encode(key), value, new Date(NOW_MS)).serialize();
  return {datastoreKey: new Key(`/dht/record/${toBase32(encoder.encode(key))}`), raw, key, value};
}

function put(store: NewestRecordDatastore, {datastoreKey, raw}: ReturnType<typeof entry>): void {
  store.put(datastoreKey, raw);
}

function createStore(limits = {}) {
  const clock = {nowMs: NOW_MS};
  return {clock, store: new NewestRecordDatastore({now: () => clock.nowMs, ...limits})};
}

test('[DS1] an older record never replaces a newer one, and tells nobody', () => {
  const {store} = createStore();
  const heard: string[] = [];
  store.onStored(({key}) => heard.push(key));
  put(store, entry('a', NOW_MS + 1));
  put(store, entry('a', NOW_MS));
  expect(store.list('/weft/')).toHaveLength(1);
  const body = new TextDecoder().decode(store.list('/weft/')[0]?.value.subarray(64));
  expect(JSON.parse(body)).toMatchObject({seq: NOW_MS + 1});
  expect(heard).toEqual(['/weft/2/public/ab/a']);
});

test('[DS2] a record leaves at its own expiry, by get and by list', () => {
  const {clock, store} = createStore();
  const first = entry('a', NOW_MS);
  put(store, first);
  expect(store.get(first.datastoreKey)).toBeInstanceOf(Uint8Array);
  clock.nowMs += 30_000;
  expect(() => store.get(first.datastoreKey)).toThrow('Not Found');
  expect(store.list('/weft/')).toEqual([]);
  put(store, first);
  expect(store.recordCount).toBe(0);
});

test('[DS3] each owner has few records, and the expired make room', () => {
  const {clock, store} = createStore({maxRecordsPerOwner: 2});
  put(store, entry('a', NOW_MS, '01'));
  put(store, entry('a', NOW_MS, '02'));
  expect(() => put(store, entry('a', NOW_MS, '03'))).toThrow('at most 2 records per owner');
  put(store, entry('b', NOW_MS, '03'));
  clock.nowMs += 30_000;
  put(store, entry('a', clock.nowMs, '03'));
  expect(store.recordCount).toBe(1);
});

test('[DS4] the whole store is limited', () => {
  const {store} = createStore({maxRecords: 2});
  put(store, entry('a', NOW_MS));
  put(store, entry('b', NOW_MS));
  expect(() => put(store, entry('c', NOW_MS))).toThrow('2 in all');
  put(store, entry('a', NOW_MS + 1));
  expect(store.recordCount).toBe(2);
});

test('[DS5] forget drops what an owner stored, and says which keys', () => {
  const {store} = createStore();
  const heard: string[] = [];
  store.onDropped((key) => heard.push(key));
  put(store, entry('a', NOW_MS));
  put(store, entry('b', NOW_MS));
  store.forget('a');
  expect(heard).toEqual(['/weft/2/public/ab/a']);
  expect(store.list('/weft/2/public/ab/').map(({key}) => key)).toEqual(['/weft/2/public/ab/b']);
});

test('[DS6] accepts nothing but Weft records in the DHT, and stores all else unchanged', () => {
  const {store} = createStore();
  const foreign = new Libp2pRecord(encoder.encode('/pk/a'), new Uint8Array(4), new Date(NOW_MS));
  store.put(new Key('/dht/record/pk'), foreign.serialize());
  expect(() => store.get(new Key('/dht/record/pk'))).toThrow('Not Found');
  store.put(new Key('/peers/a'), new Uint8Array([7]));
  expect(store.get(new Key('/peers/a'))).toEqual(new Uint8Array([7]));
});

test('[DS7] a farewell outranks older records after its owner was forgotten, until they expire by themselves', () => {
  const {clock, store} = createStore();
  put(store, entry('a', NOW_MS));
  put(store, entry('a', NOW_MS + 1, 'ab', {expiresAtMs: NOW_MS + 1}));
  store.forget('a');
  expect(store.recordCount).toBe(0);
  for (const seq of [NOW_MS, NOW_MS + 1]) {
    const {key, value} = entry('a', seq);
    expect(store.offer({key, value}, 'somewhere')).toBe('RECORD_OUTDATED');
  }
  clock.nowMs += RECORD_MAX_LIFE_MS + 1;
  const {key, value} = entry('a', NOW_MS);
  expect(store.offer({key, value}, 'somewhere')).toBe('RECORD_EXPIRED');
  const {key: again, value: next} = entry('a', clock.nowMs);
  expect(store.offer({key: again, value: next}, 'somewhere')).toBeNull();
});

test('[DS7] whoever was only forgotten comes back with the same record, and with no older one', () => {
  const {store} = createStore();
  const [older, last] = [entry('a', NOW_MS), entry('a', NOW_MS + 1)];
  put(store, last);
  store.forget('a');
  expect(store.offer({key: older.key, value: older.value}, 'somewhere')).toBe('RECORD_OUTDATED');
  expect(store.offer({key: last.key, value: last.value}, 'somewhere')).toBeNull();
});

test('[DS7] nothing with the seq of a farewell replaces it', () => {
  const {store} = createStore();
  put(store, entry('a', NOW_MS, 'ab', {expiresAtMs: NOW_MS}));
  const {key, value} = entry('a', NOW_MS);
  expect(store.offer({key, value}, 'somewhere')).toBe('RECORD_OUTDATED');
});

test('[DS8] in a full store the newest of whoever has most makes room for a newcomer, and nobody for an equal', () => {
  const {store} = createStore({maxRecords: 4});
  const dropped: string[] = [];
  store.onDropped((key) => dropped.push(key));
  const offer = (owner: string, origin: string) => {
    const {key, value} = entry(owner, NOW_MS);
    return store.offer({key, value}, origin);
  };
  for (const owner of ['a', 'b', 'c', 'd']) expect(offer(owner, 'crowd')).toBeNull();
  expect(offer('e', 'crowd')).toBe('RECORD_STORE_FULL');
  expect(offer('f', 'elsewhere')).toBeNull();
  expect(dropped).toEqual(['/weft/2/public/ab/d']);
  expect(offer('g', 'elsewhere')).toBeNull();
  expect(offer('h', 'elsewhere')).toBe('RECORD_STORE_FULL');
  expect(offer('a', 'crowd')).toBeNull();
  expect(store.recordCount).toBe(4);
});

test('[DS8] a store for three hundred tabs of one address takes them all', () => {
  const {store} = createStore({maxRecords: 300});
  for (let i = 0; i < 300; i += 1) {
    const {key, value} = entry(`tab-${i}`, NOW_MS);
    expect(store.offer({key, value}, 'one NAT')).toBeNull();
  }
});
