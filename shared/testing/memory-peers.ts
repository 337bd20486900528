import {identify, type IdentifyComponents} from '@libp2p/identify';
import type {Libp2p, PrivateKey} from '@libp2p/interface';
import {memory} from '@libp2p/memory';
import {noise} from '@libp2p/noise';
import {createLibp2p} from 'libp2p';
import {asPeerId, type PeerId} from '../base/ids.ts';
import {serveDirectory} from '../directory/server/directory-server.ts';
import {RecordIntake} from '../directory/server/record-intake.ts';
import {servePuts} from '../directory/server/serve-puts.ts';
import {NewestRecordDatastore} from '../directory/server/newest-record-datastore.ts';
import {tabMuxer} from '../transport/tab-node/tab-muxer.ts';

let nextPeer = 0;

/** A node in this process, reached by its memory address. */
export async function openMemoryPeer(
  options: {readonly isIdentified?: boolean; readonly privateKey?: PrivateKey} = {},
): Promise<Libp2p> {
  const services: Record<string, (components: IdentifyComponents) => unknown> = {};
  if (options.isIdentified ?? true) services['identify'] = identify();
  return await createLibp2p({
    ...(options.privateKey && {privateKey: options.privateKey}),
    addresses: {listen: [`/memory/peer-${nextPeer++}`]},
    transports: [memory()],
    connectionEncrypters: [noise()],
    // As a tab has it: a window that grows lets more arrive than libp2p keeps of a stream that is paused.
    streamMuxers: [tabMuxer()],
    connectionMonitor: {enabled: false},
    services,
  });
}

export function idOf(libp2p: Libp2p): PeerId {
  return asPeerId(libp2p.peerId.toString());
}

/** Makes `libp2p` a directory server, with a store of its own. */
export async function serveRecords(
  libp2p: Libp2p,
  now: () => number = Date.now,
): Promise<NewestRecordDatastore> {
  const datastore = new NewestRecordDatastore({now});
  await serveDirectory({libp2p, records: datastore});
  await servePuts({libp2p, intake: new RecordIntake({store: datastore, now})});
  return datastore;
}
