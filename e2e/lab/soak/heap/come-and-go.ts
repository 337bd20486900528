import {generateKeyPair} from '@libp2p/crypto/keys';
import type {Connection} from '@libp2p/interface';
import {JsonStream} from '#shared/directory/json-stream.ts';
import {putRecord} from '#shared/directory/libp2p/put-record.ts';
import {recordPrefix} from '#shared/directory/records/signed-record.ts';
import {
  DIRECTORY_PROTOCOL,
  DIRECTORY_MESSAGE_MAX_BYTES,
  directoryReplySchema,
} from '#shared/protocol/directory-message.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import {sealFresh} from '../../../../signal-server/src/testing/open-client.ts';
import {forEachAtOnce} from '../../../swarm/for-each-at-once.ts';
import {AttackerNodes} from '../attack/attacker-node.ts';

export type Visits = {
  readonly joins: number;
  readonly directoryStreams: number;
  readonly identities: number;
};

type Options = {
  readonly server: {readonly port: number; readonly peerId: string};
  readonly visits: Visits;
  readonly signal: AbortSignal;
};

const AT_ONCE = 8;
/** Keys that join again and again. */
const REGULARS = 16;
/** All records of these tests are of the same model. */
const PREFIX = recordPrefix(buildRecord().swarmId, buildRecord().manifestHash);

/** One round of visitors, none of whom is there in the end. @returns how many visits failed. */
export async function comeAndGo({server, visits, signal}: Options): Promise<number> {
  const target = {
    port: server.port,
    serverId: server.peerId,
    victimId: '',
    fromAddresses: ['127.0.0.1'],
  };
  const nodes = await AttackerNodes.start(target);
  const regulars = await Promise.all(
    Array.from({length: REGULARS}, () => generateKeyPair('Ed25519')),
  );
  let failed = 0;
  const each = async (count: number, visit: (i: number) => Promise<void>): Promise<void> => {
    const numbers = Array.from({length: count}, (_, i) => i);
    await forEachAtOnce(numbers, AT_ONCE, async (i) => {
      signal.throwIfAborted();
      await visit(i).catch(() => {
        failed += 1;
      });
    });
  };
  try {
    await each(visits.joins, async (i) => {
      const privateKey = regulars[i % REGULARS];
      const node = await nodes.open({...(privateKey && {privateKey}), isReachable: true}, {signal});
      await nodes.leave(node);
    });
    const readers = await Promise.all(
      Array.from({length: AT_ONCE}, () => nodes.open({}, {signal})),
    );
    await each(visits.directoryStreams, async (i) => {
      const reader = readers[i % AT_ONCE];
      if (reader !== undefined) await readList(reader.connection, signal);
    });
    await each(visits.identities, async () => {
      const privateKey = await generateKeyPair('Ed25519');
      const node = await nodes.open({privateKey, isReachable: true}, {signal});
      const sealed = await sealFresh(privateKey);
      const {libp2p, connection} = node;
      await putRecord({libp2p, server: connection.remotePeer, sealed, signal});
      await nodes.leave(node);
    });
  } finally {
    await nodes.close();
  }
  return failed;
}

/** The list of a server to its end, and goodbye without a word. */
async function readList(connection: Connection, signal: AbortSignal): Promise<void> {
  const stream = await connection.newStream(DIRECTORY_PROTOCOL, {signal});
  const messages = new JsonStream(stream, {maxMessageBytes: DIRECTORY_MESSAGE_MAX_BYTES});
  try {
    await messages.write({prefix: PREFIX}, {signal});
    while (!(await messages.read(directoryReplySchema, {signal})).complete);
  } finally {
    messages.abort(new Error('Read to the end'));
  }
}
