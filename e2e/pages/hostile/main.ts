import type {Stream} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import {asManifestHash, asPeerId, type PeerId} from '#shared/base/ids.ts';
import {fromBase64, toBase64} from '#shared/directory/records/base64.ts';
import {decodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import {isDirectConnection} from '#shared/transport/direct-path.ts';
import type {Directory} from '#shared/directory/directory.ts';
import {fetchBootstrap} from '#shared/transport/server-link/fetch-bootstrap.ts';
import {FRAMES_PROTOCOL, encodeWord} from '#shared/transport/frames/frame-wire.ts';
import {openLibp2pDirectory} from '#shared/directory/libp2p/libp2p-directory.ts';
import {openLibp2pStreamTransport} from '#shared/transport/libp2p-stream-transport.ts';
import {recordPrefix} from '#shared/directory/records/signed-record.ts';
import type {Transport} from '#shared/transport/transport.ts';
import {parseFrame} from '#shared/protocol/frame/frame.ts';
import {
  createLibp2pNode,
  type BrowserNode,
} from '../../../web/src/node/swarm/libp2p-node/create-libp2p-node.ts';
import {
  createEphemeralIdentity,
  type Identity,
} from '../../../web/src/node/swarm/libp2p-node/load-identity.ts';
import {flood} from './flood.ts';
import type {HostileControl, ReceivedMessage} from './hostile-control.ts';

declare global {
  var weftHostile: HostileControl;
  /** Receives every message that is sent to this peer; installed by the test. */
  var weftReceived: (message: ReceivedMessage) => Promise<void>;
}

type Joined = {
  readonly identity: Identity;
  readonly node: BrowserNode;
  readonly directory: Directory;
  readonly transport: Transport;
};

const CALL_TIMEOUT_MS = 60_000;
const encoder = new TextEncoder();

let joined: Joined | null = null;

function running(): Joined {
  if (joined === null) throw new Error('join() first');
  return joined;
}

const limited = () => ({signal: AbortSignal.timeout(CALL_TIMEOUT_MS)});

async function join(manifestHash: string): Promise<{readonly peerId: string}> {
  const identity = await createEphemeralIdentity();
  const node = await createLibp2pNode({
    privateKey: identity.privateKey,
    fetchBootstrap: (options) => fetchBootstrap(`${location.origin}/`, options),
    ...limited(),
  });
  const {swarmId} = await node.server.connected;
  const directory = await openLibp2pDirectory({
    libp2p: node.libp2p,
    prefix: recordPrefix(swarmId, asManifestHash(manifestHash)),
    now: () => node.clock.nowMs(),
    servers: node.server,
  });
  const addressesOf = (peer: PeerId): readonly string[] =>
    directory.list().records.find(({peerId}) => peerId === peer)?.addresses ?? [];
  const transport = await openLibp2pStreamTransport({libp2p: node.libp2p, addressesOf});
  transport.onFrame(listen);
  addEventListener('pagehide', () => node.abandon());
  joined = {identity, node, directory, transport};
  return {peerId: node.peerId};
}

/** Reads control messages and drops all other frames. */
function listen(from: PeerId, bytes: Uint8Array): void {
  const frame = parseFrame(bytes);
  if (frame.kind !== 'control') return;
  const message = decodeControlFrame(frame);
  const code = message.kind === 'session-failed' ? message.code : null;
  void globalThis.weftReceived({from, sessionId: frame.sessionId, kind: message.kind, code});
}

/** A stream of frames of its own, on a direct connection. */
async function openFrames(to: PeerId): Promise<Stream> {
  const {node, transport} = running();
  const options = limited();
  await transport.connect(to, options);
  const connection = node.libp2p.getConnections(peerIdFromString(to)).find(isDirectConnection);
  if (connection === undefined) throw new Error('There is no direct connection to announce on');
  return await connection.newStream(FRAMES_PROTOCOL, options);
}

globalThis.weftHostile = {
  join: ({manifestHash}) => join(manifestHash),
  sign: async (key, body) => {
    const {privateKey} = running().identity;
    const signature = await privateKey.sign(encoder.encode(`weft-record:${key}\n${body}`));
    const bodyBytes = encoder.encode(body);
    const value = new Uint8Array(signature.byteLength + bodyBytes.byteLength);
    value.set(signature);
    value.set(bodyBytes, signature.byteLength);
    return toBase64(value);
  },
  put: async (key, value) => {
    const {dht} = running().node.libp2p.services;
    let storedCount = 0;
    for await (const event of dht.put(encoder.encode(key), fromBase64(value), limited())) {
      if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') storedCount += 1;
    }
    return {storedCount};
  },
  listed: () => {
    const {records} = running().directory.list();
    return records.map(({peerId, seq}) => ({peerId, seq}));
  },
  send: async (to, frames) => {
    const {transport} = running();
    const options = limited();
    for (const frame of frames) await transport.send(asPeerId(to), fromBase64(frame), options);
    await transport.measureRtt(asPeerId(to), options);
  },
  announce: async (to, frameBytes) => {
    const stream = await openFrames(asPeerId(to));
    stream.send(encodeWord(frameBytes));
  },
  flood: async (to, {kind, forMs}) => flood(() => openFrames(asPeerId(to)), {kind, forMs}),
  cut: async (to) => {
    for (const connection of running().node.libp2p.getConnections(peerIdFromString(to))) {
      if (isDirectConnection(connection)) connection.abort(new Error('cut by the test'));
    }
  },
};
