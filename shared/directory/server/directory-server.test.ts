import {generateKeyPair} from '@libp2p/crypto/keys';
import type {Connection, Libp2p} from '@libp2p/interface';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {asManifestHash, asPeerId, asSwarmId} from '../../base/ids.ts';
import {
  DIRECTORY_PROTOCOL,
  DIRECTORY_MESSAGE_MAX_BYTES,
  directoryReplySchema,
} from '../../protocol/directory-message.ts';
import {openMemoryPeer} from '../../testing/memory-peers.ts';
import {buildRecord} from '../../testing/record-builder.ts';
import {serveDirectory, type DirectoryServer} from './directory-server.ts';
import {JsonStream} from '../json-stream.ts';
import {NewestRecordDatastore} from './newest-record-datastore.ts';
import {recordPrefix, sealRecord} from '../records/signed-record.ts';

const [SWARM, HASH] = [asSwarmId('public'), asManifestHash('ab'.repeat(32))];
const PREFIX = recordPrefix(SWARM, HASH);
const OTHER_PREFIX = recordPrefix(SWARM, asManifestHash('cd'.repeat(32)));
const limited = () => ({signal: AbortSignal.timeout(50_000)});

let server: Libp2p;
let client: Libp2p;
let connection: Connection;
let datastore: NewestRecordDatastore;
let directory: DirectoryServer;

beforeEach(async () => {
  [server, client] = [await openMemoryPeer(), await openMemoryPeer()];
  datastore = new NewestRecordDatastore({now: Date.now});
  directory = await serveDirectory({libp2p: server, records: datastore});
  connection = await client.dial(server.getMultiaddrs());
});
afterEach(async () => {
  await directory.close();
  await client.stop();
  await server.stop();
});

/** Signatures are checked by the reader, long before they come here. */
async function store(count: number): Promise<void> {
  const privateKey = await generateKeyPair('Ed25519');
  const owner = peerIdFromPrivateKey(privateKey).toString();
  const addresses = Array.from({length: 4}, () => `/dns4/${'long.'.repeat(40)}example/tcp/1/ws`);
  const record = buildRecord({peerId: asPeerId(owner), seq: Date.now(), addresses});
  const {value} = await sealRecord(record, privateKey);
  for (let index = 0; index < count; index += 1) {
    expect(datastore.offer({key: `${PREFIX}${owner}${index}`, value}, 'here')).toBeNull();
  }
}

async function ask(prefix: string) {
  const stream = await connection.newStream(DIRECTORY_PROTOCOL);
  const messages = new JsonStream(stream, {maxMessageBytes: DIRECTORY_MESSAGE_MAX_BYTES});
  await messages.write({prefix}, limited());
  return {stream, messages};
}

async function readAll(prefix: string): Promise<number> {
  const {stream, messages} = await ask(prefix);
  for (let count = 0; ;) {
    const {records, complete} = await messages.read(directoryReplySchema, limited());
    count += records.length;
    if (!complete) continue;
    stream.abort(new Error('read'));
    return count;
  }
}

test('[DV1] a thousand records are listed page by page', async () => {
  await store(1_000);
  expect(await readAll(PREFIX)).toBe(1_000);
});

test('[DV2] of a closed stream nothing is kept, read or unread', async () => {
  await store(1_000);
  for (let index = 0; index < 20; index += 1) {
    const {stream, messages} = await ask(PREFIX);
    if (index % 2 === 0) await messages.read(directoryReplySchema, limited());
    stream.abort(new Error('bye'));
  }
  await expect.poll(() => directory.readerCount).toBe(0);
});

test('[DV3] a reader that takes no page is dropped, and others are not', async () => {
  await directory.close();
  directory = await serveDirectory({libp2p: server, records: datastore, stallTimeoutMs: 300});
  await store(1_000);
  const quiet = await ask(OTHER_PREFIX);
  const next = async () => await quiet.messages.read(directoryReplySchema, limited());
  expect(await next()).toMatchObject({complete: true, records: []});
  const {stream: deaf} = await ask(PREFIX);
  const closed = new Promise((resolve) => deaf.addEventListener('close', resolve));
  deaf.pause();
  await closed;
  await expect.poll(() => directory.readerCount).toBe(1);
  expect(await next()).toMatchObject({complete: true});
});

test.each(['/weft/', '', '/', '/weft/2/public/', `${PREFIX}x`, '/dht/record/'])(
  '[DV4] "%s" is no model in one swarm, and nothing is listed',
  async (prefix) => {
    const {messages} = await ask(prefix);
    await expect(messages.read(directoryReplySchema, limited())).rejects.toThrow(
      /reset|closed|EOF/u,
    );
    expect(directory.readerCount).toBe(0);
  },
);

test('[DV5] a connection has few listings at once', async () => {
  const asked = await Promise.all(
    Array.from({length: 20}, async () => await ask(PREFIX).catch(() => null)),
  );
  const read = await Promise.all(
    asked.map(
      async (stream) =>
        await stream?.messages.read(directoryReplySchema, limited()).catch(() => null),
    ),
  );
  expect(read.filter((reply) => reply?.complete === true)).toHaveLength(directory.readerCount);
  expect(directory.readerCount).toBeLessThanOrEqual(8);
});

test('[DV6] when the server stops serving, the stream of every reader ends', async () => {
  const {stream, messages} = await ask(PREFIX);
  await messages.read(directoryReplySchema, limited());
  const closed = new Promise((resolve) => stream.addEventListener('close', resolve));
  await directory.close();
  await closed;
  await expect.poll(() => directory.readerCount).toBe(0);
});
