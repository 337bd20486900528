import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {generateKeyPair} from '@libp2p/crypto/keys';
import {identify, identifyPush} from '@libp2p/identify';
import type {Connection, Libp2p, PrivateKey} from '@libp2p/interface';
import {kadDHT, passthroughMapper, type KadDHT} from '@libp2p/kad-dht';
import {noise} from '@libp2p/noise';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {ping} from '@libp2p/ping';
import {webSockets} from '@libp2p/websockets';
import {yamux} from '@libp2p/yamux';
import {multiaddr} from '@multiformats/multiaddr';
import {createLibp2p} from 'libp2p';
import {asPeerId} from '#shared/base/ids.ts';
import {createEd25519Gater} from '#shared/transport/guard/gater/ed25519-gater.ts';
import {
  createValidators,
  DHT_PROTOCOL,
  recordSelectors,
} from '#shared/directory/server/record-rules.ts';
import {sealRecord, type SealedRecord} from '#shared/directory/records/signed-record.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import {startSignalServer, type SignalServer} from '../start-signal-server.ts';

/** A server with a page of one line, on a free port. */
export async function openServer(
  overrides: Parameters<typeof startSignalServer>[0] = {},
  socketLimits: Parameters<typeof startSignalServer>[1] = {},
  nowMs?: Parameters<typeof startSignalServer>[2],
): Promise<SignalServer> {
  const staticDir = mkdtempSync(join(tmpdir(), 'weft-server-'));
  writeFileSync(join(staticDir, 'index.html'), '<!doctype html>');
  const server = await startSignalServer({port: 0, staticDir, ...overrides}, socketLimits, nowMs);
  return {
    ...server,
    close: async () => {
      await server.close();
      rmSync(staticDir, {recursive: true});
    },
  };
}

export type Client = {
  readonly libp2p: Libp2p<{dht: KadDHT}>;
  readonly connection: Connection;
  /** Signs a record of this client; by default, it is true and fresh. */
  seal(changes?: Partial<NodeRecord>): Promise<SealedRecord>;
  stop(): Promise<void>;
};

type ClientOptions = {
  readonly privateKey?: PrivateKey;
  readonly dhtServer?: boolean;
  /** Whether it may dial again; by default not: its DHT would, at some time after the connection has ended. */
  readonly mayDialAgain?: boolean;
};

/** A tab as a server sees it, but for WebRTC. */
export async function openClient(
  server: Pick<SignalServer, 'port' | 'peerId'>,
  options: ClientOptions = {},
): Promise<Client> {
  const privateKey = options.privateKey ?? (await generateKeyPair('Ed25519'));
  const gater = createEd25519Gater();
  let hasDialled = false;
  const libp2p = await createLibp2p({
    privateKey,
    addresses: {listen: []},
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: {
      ...gater,
      denyDialPeer: (peer) =>
        (hasDialled && options.mayDialAgain !== true) || (gater.denyDialPeer?.(peer) ?? false),
    },
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: ping(),
      dht: kadDHT({
        protocol: DHT_PROTOCOL,
        clientMode: !(options.dhtServer ?? false),
        peerInfoMapper: passthroughMapper,
        validators: createValidators(Date.now),
        selectors: recordSelectors,
        initialQuerySelfInterval: 1,
      }),
    },
  });
  const address = multiaddr(`/ip4/127.0.0.1/tcp/${server.port}/ws/p2p/${server.peerId}`);
  const connection = await libp2p.dial(address).catch(async (cause: unknown) => {
    await libp2p.stop();
    throw cause;
  });
  hasDialled = true;
  return {
    libp2p,
    connection,
    seal: async (changes = {}) => await sealFresh(privateKey, changes),
    stop: async () => await libp2p.stop(),
  };
}

/** A record of the owner of `privateKey`, written at this moment. */
export async function sealFresh(
  privateKey: PrivateKey,
  changes: Partial<NodeRecord> = {},
): Promise<SealedRecord> {
  const peerId = asPeerId(peerIdFromPrivateKey(privateKey).toString());
  return await sealRecord(buildRecord({peerId, seq: Date.now(), ...changes}), privateKey);
}
