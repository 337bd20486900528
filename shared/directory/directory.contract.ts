import {generateKeyPair} from '@libp2p/crypto/keys';
import type {PrivateKey} from '@libp2p/interface';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {expect} from 'vitest';
import {asManifestHash, asPeerId} from '../base/ids.ts';
import {RECORD_TTL_MS, type NodeRecord} from '../protocol/node-record.ts';
import {buildRecord} from '../testing/record-builder.ts';
import type {Directory, DirectoryView} from './directory.ts';
import {firstListing} from './first-listing.ts';
import {recordPrefix, sealRecord} from './records/signed-record.ts';

/** One DHT server and a clock that all share; `open` joins with a fresh node. */
export type DirectoryWorld = {
  readonly clock: {nowMs: number};
  open(prefix: string): Promise<Directory>;
  setServerReachable(isReachable: boolean): Promise<void>;
  close(): Promise<void>;
};

/** Ends a run that hangs; no rule is about time, and machines are busy. */
const TIMEOUT_MS = 50_000;
const limited = () => ({signal: AbortSignal.timeout(TIMEOUT_MS)});
const model = buildRecord();
const prefix = recordPrefix(model.swarmId, model.manifestHash);

type Owner = {readonly privateKey: PrivateKey; readonly peerId: NodeRecord['peerId']};

async function createOwner(): Promise<Owner> {
  const privateKey = await generateKeyPair('Ed25519');
  return {privateKey, peerId: asPeerId(peerIdFromPrivateKey(privateKey).toString())};
}

/** Resolves with the first view that satisfies `isWanted`. */
async function viewOf(
  directory: Directory,
  isWanted: (view: DirectoryView) => boolean,
): Promise<DirectoryView> {
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`Never saw it: ${JSON.stringify(directory.list())}`));
    }, TIMEOUT_MS);
    const check = () => {
      const view = directory.list();
      if (!isWanted(view)) return;
      clearTimeout(timer);
      stop();
      resolve(view);
    };
    const stop = directory.subscribe(check);
    check();
  });
}

const lists = (count: number) => (view: DirectoryView) => view.records.length === count;

async function publishAs(
  world: DirectoryWorld,
  by: Directory,
  owner: Owner,
  changes: Partial<NodeRecord> = {},
): Promise<void> {
  const record = buildRecord({peerId: owner.peerId, seq: world.clock.nowMs, ...changes});
  await by.publish(await sealRecord(record, owner.privateKey), limited());
}

export type DirectoryRule = {
  readonly name: string;
  readonly run: (world: DirectoryWorld) => Promise<void>;
};

export const directoryContract: readonly DirectoryRule[] = [
  {
    name: '[DR1] lists what others published, sorted by peer id, and oneself',
    run: async (world) => {
      const [a, b] = [await world.open(prefix), await world.open(prefix)];
      const owners = [await createOwner(), await createOwner()] as const;
      await publishAs(world, a, owners[0]);
      await publishAs(world, b, owners[1]);
      const peerIds = owners.map(({peerId}) => peerId).toSorted();
      for (const side of [a, b]) {
        const view = await viewOf(side, lists(2));
        expect(view.records.map(({peerId}) => peerId)).toEqual(peerIds);
      }
      const late = await world.open(prefix);
      await viewOf(late, ({state, records}) => state === 'reachable' && records.length === 2);
    },
  },
  {
    name: '[DR2] [NR2] the highest seq of an owner wins, whatever arrives last',
    run: async (world) => {
      const [a, b] = [await world.open(prefix), await world.open(prefix)];
      const owner = await createOwner();
      const {nowMs} = world.clock;
      await publishAs(world, a, owner, {seq: nowMs + 2, openSessions: 2});
      await viewOf(b, lists(1));
      const older = publishAs(world, a, owner, {seq: nowMs + 1, openSessions: 1});
      await expect(older).rejects.toMatchObject({detail: {code: 'RECORD_OUTDATED'}});
      const marker = await createOwner();
      await publishAs(world, a, marker);
      const {records} = await viewOf(b, lists(2));
      expect(records.find(({peerId}) => peerId === owner.peerId)?.openSessions).toBe(2);
      const late = await viewOf(await world.open(prefix), lists(2));
      expect(late.records.find(({peerId}) => peerId === owner.peerId)?.openSessions).toBe(2);
    },
  },
  {
    name: '[DR3] [NR3] a record that is not renewed leaves by its expiry',
    run: async (world) => {
      const a = await world.open(prefix);
      await publishAs(world, a, await createOwner());
      await viewOf(a, lists(1));
      world.clock.nowMs += RECORD_TTL_MS - 1;
      expect(a.list().records).toHaveLength(1);
      world.clock.nowMs += 1;
      expect(a.list().records).toEqual([]);
      const late = await world.open(prefix);
      expect((await viewOf(late, ({state}) => state === 'reachable')).records).toEqual([]);
    },
  },
  {
    name: '[DR4] a farewell removes its owner at once and outranks older records',
    run: async (world) => {
      const [a, b] = [await world.open(prefix), await world.open(prefix)];
      const owner = await createOwner();
      const seq = world.clock.nowMs;
      const first = buildRecord({peerId: owner.peerId, seq});
      await a.publish(await sealRecord(first, owner.privateKey), limited());
      await viewOf(b, lists(1));
      await publishAs(world, a, owner, {seq: seq + 1, expiresAtMs: seq + 1});
      await viewOf(b, lists(0));
      const again = b.publish(await sealRecord(first, owner.privateKey), limited());
      await expect(again).rejects.toMatchObject({detail: {code: 'RECORD_OUTDATED'}});
      expect(a.list().records).toEqual([]);
      expect(b.list().records).toEqual([]);
    },
  },
  {
    name: '[DR5] shows only the model and swarm of its prefix',
    run: async (world) => {
      const a = await world.open(prefix);
      const owner = await createOwner();
      await publishAs(world, a, owner, {manifestHash: asManifestHash('cd'.repeat(32))});
      await publishAs(world, a, owner);
      const {records} = await viewOf(await world.open(prefix), lists(1));
      expect(records[0]?.manifestHash).toBe(model.manifestHash);
    },
  },
  {
    name: '[DR6] refuses to publish what no reader would accept',
    run: async (world) => {
      const a = await world.open(prefix);
      const [owner, thief] = [await createOwner(), await createOwner()];
      const record = buildRecord({peerId: owner.peerId, seq: world.clock.nowMs});
      const forged = await sealRecord(record, thief.privateKey);
      await expect(a.publish(forged, limited())).rejects.toMatchObject({
        detail: {code: 'RECORD_SIGNATURE_INVALID'},
      });
      expect(a.list().records).toEqual([]);
    },
  },
  {
    name: '[DR8] the first listing is over when all that was published is there, or when nobody waits for it',
    run: async (world) => {
      const a = await world.open(prefix);
      for (let count = 0; count < 3; count += 1) await publishAs(world, a, await createOwner());
      const newcomer = await world.open(prefix);
      await firstListing(newcomer, limited());
      expect(newcomer.list().records).toHaveLength(3);
      await world.setServerReachable(false);
      await viewOf(newcomer, ({state}) => state === 'unreachable');
      const abort = new AbortController();
      const waiting = firstListing(newcomer, abort);
      abort.abort();
      await waiting;
    },
  },
  {
    name: '[DR7] keeps the list while no server answers, and says so',
    run: async (world) => {
      const a = await world.open(prefix);
      const owner = await createOwner();
      await publishAs(world, a, owner);
      await viewOf(a, ({state, records}) => state === 'reachable' && records.length === 1);
      await world.setServerReachable(false);
      const view = await viewOf(a, ({state}) => state === 'unreachable');
      expect(view.records).toHaveLength(1);
      const next = buildRecord({peerId: owner.peerId, seq: world.clock.nowMs + 1});
      const sealed = await sealRecord(next, owner.privateKey);
      await expect(a.publish(sealed, {signal: AbortSignal.timeout(500)})).rejects.toMatchObject({
        detail: {code: 'DIRECTORY_UNREACHABLE'},
      });
    },
  },
];
