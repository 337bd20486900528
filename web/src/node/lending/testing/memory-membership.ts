import {generateKeyPair} from '@libp2p/crypto/keys';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {asManifestHash, asPeerId} from '#shared/base/ids.ts';
import {TEST_SWARM} from '#shared/protocol/swarm-kind.ts';
import {parseManifest} from '#shared/model/manifest/parse-manifest.ts';
import {MemoryDirectoryServer} from '#shared/directory/testing/memory-directory.ts';
import {MemoryNetwork} from '#shared/transport/testing/memory-transport.ts';
import {startRecordPublisher} from '#shared/directory/record-publisher.ts';
import {recordPrefix} from '#shared/directory/records/signed-record.ts';
import {transportWith} from '#shared/transport/testing/transport-with.ts';
import type {Transport} from '#shared/transport/transport.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import {snapshotOf} from '#shared/scheduling/swarm-snapshot.ts';
import manifestJson from '../../../../../public/catalog/smollm2-135m-instruct.manifest.json' with {type: 'json'};
import {NewestRecords} from '#shared/directory/newest-records.ts';
import type {SwarmMembership} from '../../swarm/swarm-membership.ts';

/** A node alone in a swarm that lives in memory, and how many listeners hang on its transport. */
export async function memoryMembership(): Promise<{
  readonly membership: SwarmMembership;
  readonly listenerCount: () => number;
}> {
  const swarmId = TEST_SWARM;
  const manifestHash = asManifestHash('ab'.repeat(32));
  const privateKey = await generateKeyPair('Ed25519');
  const peerId = asPeerId(peerIdFromPrivateKey(privateKey).toString());
  const {now: nowMs} = Date;
  const server = new MemoryDirectoryServer(nowMs);
  const directory = await server.open(recordPrefix(swarmId, manifestHash));
  const records = new NewestRecords(directory);
  const {transport, listenerCount} = countListeners(new MemoryNetwork().join(peerId));
  const membership: SwarmMembership = {
    peerId,
    swarmId,
    model: {
      title: 'SmolLM2',
      licence: 'Apache-2.0',
      manifest: parseManifest(manifestJson),
      manifestHash,
      weightsUrl: '',
      siteUrl: '',
    },
    transport,
    nowMs,
    snapshotWith: (own) => snapshotOf(own === null ? records.all : [...records.all, own], nowMs()),
    records: () => records.all,
    directoryState: () => records.state,
    onDevice: (listener) => {
      listener({hidden: false});
      return () => undefined;
    },
    onSnapshot: (listener) => records.subscribe(listener),
    onLinkWorkerLost: () => () => undefined,
    publish: ({capacityLayers, engineClass, maxSessions, kvTokensFree, kvTokens}) => {
      const idle = buildRecord({peerId, swarmId, manifestHash, shards: []});
      return startRecordPublisher({
        directory,
        privateKey,
        facts: {...idle, capacityLayers, engineClass, maxSessions, kvTokensFree, kvTokens},
        now: nowMs,
      });
    },
    links: () => Promise.resolve([]),
    close: () => transport.close(),
  };
  return {membership, listenerCount};
}

function countListeners(transport: Transport): {
  readonly transport: Transport;
  readonly listenerCount: () => number;
} {
  let count = 0;
  const counting = transportWith(transport, {
    onPeerClosed: (listener) => {
      count += 1;
      const unsubscribe = transport.onPeerClosed(listener);
      return () => {
        count -= 1;
        unsubscribe();
      };
    },
  });
  return {transport: counting, listenerCount: () => count};
}
