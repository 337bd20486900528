import {identify} from '@libp2p/identify';
import {kadDHT, passthroughMapper} from '@libp2p/kad-dht';
import {memory} from '@libp2p/memory';
import {noise} from '@libp2p/noise';
import {ping} from '@libp2p/ping';
import {yamux} from '@libp2p/yamux';
import {createLibp2p} from 'libp2p';
import {describe, expect, test} from 'vitest';
import {asPeerId} from '../base/ids.ts';
import {fixedServers} from '../testing/fixed-servers.ts';
import {serveDirectory} from './server/directory-server.ts';
import {directoryContract, type DirectoryWorld} from './directory.contract.ts';
import {RecordIntake} from './server/record-intake.ts';
import {servePuts} from './server/serve-puts.ts';
import {openLibp2pDirectory} from './libp2p/libp2p-directory.ts';
import {MemoryDirectoryServer} from './testing/memory-directory.ts';
import {NewestRecordDatastore} from './server/newest-record-datastore.ts';
import {createValidators, DHT_PROTOCOL, recordSelectors} from './server/record-rules.ts';

async function createMemoryWorld(): Promise<DirectoryWorld> {
  const clock = {nowMs: Date.now()};
  const server = new MemoryDirectoryServer(() => clock.nowMs);
  return {
    clock,
    open: (prefix) => server.open(prefix),
    setServerReachable: async (isReachable) => server.setReachable(isReachable),
    close: async () => undefined,
  };
}

let nextNode = 0;

async function createNode(role: 'client' | 'server', now: () => number) {
  const datastore = new NewestRecordDatastore({now});
  const libp2p = await createLibp2p({
    addresses: {listen: [`/memory/directory-${nextNode++}`]},
    datastore,
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        protocol: DHT_PROTOCOL,
        clientMode: role === 'client',
        peerInfoMapper: passthroughMapper,
        validators: createValidators(now),
        selectors: recordSelectors,
        initialQuerySelfInterval: 1,
      }),
    },
  });
  return {libp2p, datastore};
}

async function createKadWorld(): Promise<DirectoryWorld> {
  const clock = {nowMs: Date.now()};
  const now = () => clock.nowMs;
  const server = await createNode('server', now);
  const listing = await serveDirectory({libp2p: server.libp2p, records: server.datastore});
  // Here nodes publish for owners that they make up, as a server does for those of another.
  const peerServerIds = new Set<string>();
  const intake = new RecordIntake({store: server.datastore, now, peerServerIds});
  const puts = await servePuts({libp2p: server.libp2p, intake});
  const servers = fixedServers([asPeerId(server.libp2p.peerId.toString())]);
  const closers: (() => Promise<void>)[] = [];
  return {
    clock,
    open: async (prefix) => {
      const {libp2p} = await createNode('client', now);
      peerServerIds.add(libp2p.peerId.toString());
      const directory = await openLibp2pDirectory({libp2p, prefix, now, servers});
      await libp2p.dial(server.libp2p.getMultiaddrs());
      closers.push(async () => {
        await directory.close();
        await libp2p.stop();
      });
      return directory;
    },
    setServerReachable: async (isReachable) => {
      if (isReachable) await server.libp2p.start();
      else await server.libp2p.stop();
    },
    close: async () => {
      await Promise.all(closers.map((close) => close()));
      await puts.close();
      await listing.close();
      await server.libp2p.stop();
    },
  };
}

describe.each([
  ['memory', createMemoryWorld],
  ['kad-dht', createKadWorld],
])('%s', (_, createWorld) => {
  test.each(directoryContract)('$name', async ({run}) => {
    const world = await createWorld();
    try {
      await expect(run(world)).resolves.toBeUndefined();
    } finally {
      await world.close();
    }
  });
});
