import {generateKeyPair} from '@libp2p/crypto/keys';
import type {PrivateKey} from '@libp2p/interface';
import {noise} from '@libp2p/noise';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {ping} from '@libp2p/ping';
import {webSockets} from '@libp2p/websockets';
import {yamux} from '@libp2p/yamux';
import {createLibp2p} from 'libp2p';
import {asPeerId} from '#shared/base/ids.ts';
import {serveDirectory} from '#shared/directory/server/directory-server.ts';
import {NewestRecordDatastore} from '#shared/directory/server/newest-record-datastore.ts';
import {sealRecord} from '#shared/directory/records/signed-record.ts';
import type {NamedServer} from '#shared/protocol/bootstrap.ts';
import {RECORD_TTL_MS, type NodeRecord} from '#shared/protocol/node-record.ts';

export type ListServer = {
  /** For the bootstrap. */
  readonly named: NamedServer;
  readonly readerCount: () => number;
  /** Signs as many records like `model` as it has owners. @returns lists them all at once. */
  readonly sign: (model: NodeRecord) => Promise<() => void>;
  readonly stop: () => Promise<void>;
};

/** A server of a swarm that lists, on request, records of `ownerCount` owners; its store has no other limit. */
export async function openListServer(ownerCount: number): Promise<ListServer> {
  const owners: PrivateKey[] = [];
  for (let k = 0; k < ownerCount; k += 1) owners.push(await generateKeyPair('Ed25519'));
  const libp2p = await createLibp2p({
    addresses: {listen: ['/ip4/127.0.0.1/tcp/0/ws']},
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // A tab that has given up the list asks after six seconds whether the server is still there.
    services: {ping: ping()},
  });
  const datastore = new NewestRecordDatastore({now: Date.now, maxRecords: ownerCount});
  const directory = await serveDirectory({libp2p, records: datastore});
  return {
    named: {
      peerId: asPeerId(libp2p.peerId.toString()),
      addresses: libp2p.getMultiaddrs().map(String),
    },
    readerCount: () => directory.readerCount,
    sign: async (model) => {
      const seq = Date.now();
      const sealed = await Promise.all(
        owners.map(async (owner) => {
          const peerId = asPeerId(peerIdFromPrivateKey(owner).toString());
          return sealRecord({...model, peerId, seq, expiresAtMs: seq + RECORD_TTL_MS}, owner);
        }),
      );
      return () => {
        for (const record of sealed) datastore.offer(record, record.key);
      };
    },
    stop: async () => {
      await directory.close();
      await libp2p.stop();
    },
  };
}
