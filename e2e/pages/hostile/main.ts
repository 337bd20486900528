import type {Stream} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import {asPeerId, type PeerId} from '#shared/base/ids.ts';
import {fromBase64, toBase64} from '#shared/directory/records/base64.ts';
import {decodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import {isDirectConnection} from '#shared/transport/direct-path.ts';
import {FRAMES_PROTOCOL, encodeWord} from '#shared/transport/frames/frame-wire.ts';
import {parseFrame} from '#shared/protocol/frame/frame.ts';
import {flood} from './flood.ts';
import type {HostileControl, ReceivedMessage} from './hostile-control.ts';
import {joinSwarm, limited, type Joined} from './join-swarm.ts';
import {startLiar, type Liar} from './start-liar.ts';

declare global {
  var weftHostile: HostileControl;
  /** Receives every message that is sent to this peer; installed by the test. */
  var weftReceived: (message: ReceivedMessage) => Promise<void>;
}

const encoder = new TextEncoder();

let joined: Joined | null = null;
const liars = new Map<string, Liar>();

function running(): Joined {
  if (joined === null) throw new Error('join() first');
  return joined;
}

async function join(manifestHash: string): Promise<{readonly peerId: string}> {
  joined = await joinSwarm(manifestHash);
  joined.transport.onFrame(listen);
  return {peerId: joined.node.peerId};
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
  startLiar: async (task) => {
    const liar = await startLiar(task);
    liars.set(liar.peerId, liar);
    return {peerId: liar.peerId};
  },
  stopLiar: async (peerId) => {
    await liars.get(peerId)?.stop();
    liars.delete(peerId);
  },
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
