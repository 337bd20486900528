import type {PrivateKey} from '@libp2p/interface';
import {putRecord} from '#shared/directory/libp2p/put-record.ts';
import {sealRecord} from '#shared/directory/records/signed-record.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {openClient} from '../../../signal-server/src/testing/open-client.ts';
import type {HostileWorld} from './hostile-world.ts';

const PUT_TIMEOUT_MS = 60_000;

/**
 * A peer that is nowhere but at the server, with the record that it gives
 * there: listed until the world ends.
 */
export async function publishFromServer(
  world: HostileWorld,
  record: NodeRecord,
  privateKey: PrivateKey,
): Promise<void> {
  const client = await openClient(world.swarm.server, {privateKey});
  world.atEnd(async () => await client.stop());
  const reply = await putRecord({
    libp2p: client.libp2p,
    server: client.connection.remotePeer,
    sealed: await sealRecord(record, privateKey),
    signal: AbortSignal.timeout(PUT_TIMEOUT_MS),
  });
  if (reply.kind === 'refused') throw new Error(`The server refused a record: ${reply.code}`);
}
