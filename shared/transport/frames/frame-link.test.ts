import {identify} from '@libp2p/identify';
import type {Libp2p, Stream} from '@libp2p/interface';
import {memory} from '@libp2p/memory';
import {noise} from '@libp2p/noise';
import {yamux} from '@libp2p/yamux';
import {createLibp2p} from 'libp2p';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {asPeerId} from '../../base/ids.ts';
import {
  BEAT,
  chunksOf,
  FRAMES_PROTOCOL,
  encodeWord,
  WINDOW_BYTES,
  WORD_BYTES,
} from './frame-wire.ts';
import {openLibp2pStreamTransport} from '../libp2p-stream-transport.ts';
import {MAX_FRAME_BYTES} from '../../protocol/frame/frame.ts';
import {SilentPeerError} from './silent-peer-error.ts';
import type {LinkLoss, Transport} from '../transport.ts';

let nodeCount = 0;
let honest: Libp2p;
let liar: Libp2p;
let transport: Transport;

async function createNode(): Promise<Libp2p> {
  return await createLibp2p({
    addresses: {listen: [`/memory/link-${nodeCount++}`]},
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {identify: identify()},
  });
}

async function openTransport(
  limits: {readonly stallMs?: number; readonly beatMs?: number} = {},
): Promise<Transport> {
  return await openLibp2pStreamTransport({
    libp2p: honest,
    addressesOf: () => liar.getMultiaddrs().map(String),
    ...limits,
  });
}

beforeEach(async () => {
  [honest, liar] = await Promise.all([createNode(), createNode()]);
  transport = await openTransport();
});
afterEach(async () => {
  await transport.close();
  await Promise.all([honest.stop(), liar.stop()]);
});

/** A raw stream of a peer that does as it likes. */
async function openRawStream(): Promise<Stream> {
  return await liar.dialProtocol(honest.getMultiaddrs(), FRAMES_PROTOCOL);
}

const nextLoss = () =>
  new Promise<LinkLoss>((resolve) => {
    transport.onPeerClosed((_, loss) => resolve(loss));
  });

test('[TR13] a frame longer than the limit ends the link before any of it is stored', async () => {
  const loss = nextLoss();
  const stream = await openRawStream();
  stream.send(encodeWord(MAX_FRAME_BYTES + 1));
  expect(await loss).toBe('violation');
  expect(transport.traffic()).toMatchObject([{violations: 1, receivedFrames: 0}]);
});

test('[TR14] a sender that ignores the window loses the link', async () => {
  const loss = nextLoss();
  transport.onFrame(() => new Promise(() => undefined));
  const stream = await openRawStream();
  const frame = new Uint8Array([...encodeWord(1024), ...new Uint8Array(1024)]);
  for (let sentBytes = 0; sentBytes <= WINDOW_BYTES; sentBytes += frame.byteLength) {
    if (stream.status === 'open') stream.send(frame);
  }
  expect(await loss).toBe('violation');
});

test('[TR15] reads words and frames that are cut anywhere', async () => {
  const frames: number[] = [];
  const done = new Promise<void>((resolve) => {
    transport.onFrame((_, frame) => {
      frames.push(...frame, -1);
      if (frames.length === 6) resolve();
    });
  });
  const stream = await openRawStream();
  const bytes = [...encodeWord(2), 7, 8, ...encodeWord(0), ...encodeWord(1), 9];
  for (const byte of bytes) stream.send(new Uint8Array([byte]));
  await done;
  expect(frames).toEqual([7, 8, -1, -1, 9, -1]);
});

test('[TR16] a receiver that gives back more than it was sent loses the link', async () => {
  await liar.handle(FRAMES_PROTOCOL, (stream) => {
    stream.send(encodeWord(WINDOW_BYTES));
  });
  const loss = nextLoss();
  const signal = AbortSignal.timeout(30_000);
  await transport.connect(asPeerId(liar.peerId.toString()), {signal});
  expect(await loss).toBe('violation');
  expect(transport.traffic()).toMatchObject([{violations: 1}]);
});

test('[TR18] a frame whose bytes stop coming ends the link, and that does not count as a violation', async () => {
  await transport.close();
  transport = await openTransport({stallMs: 200});
  const loss = nextLoss();
  const stream = await openRawStream();
  stream.send(new Uint8Array([...encodeWord(MAX_FRAME_BYTES), 1, 2, 3]));
  expect(await loss).toBe('closed');
});

test('[TR18] a long frame arrives whole, however slowly it grows', async () => {
  const arrived = new Promise<Uint8Array>((resolve) => {
    transport.onFrame((_, frame) => resolve(frame));
  });
  const stream = await openRawStream();
  const bytes = Uint8Array.from({length: 200_000}, (_, i) => i % 251);
  stream.send(encodeWord(bytes.byteLength));
  for (let at = 0; at < bytes.byteLength; at += 9_001) stream.send(bytes.slice(at, at + 9_001));
  expect(Buffer.compare(await arrived, bytes)).toBe(0);
});

test('[TR19] a peer that sends more frames than are read loses the link', async () => {
  const loss = nextLoss();
  const stream = await openRawStream();
  const frames = new Uint8Array(4_000);
  for (let k = 0; k < 20 && stream.status === 'open'; k += 1) stream.send(frames);
  expect(await loss).toBe('violation');
});

/** The liar takes frames, and gives signs of life with its own hand. */
async function acceptFrames(): Promise<{readonly accepted: Promise<Stream>}> {
  const {promise, resolve} = Promise.withResolvers<Stream>();
  await liar.handle(FRAMES_PROTOCOL, resolve);
  return {accepted: promise};
}

test('[TR24] a peer that gave signs of life and gives none any more loses its link and its connection', async () => {
  await transport.close();
  transport = await openTransport({beatMs: 5});
  const loss = nextLoss();
  const {accepted} = await acceptFrames();
  const to = asPeerId(liar.peerId.toString());
  await transport.send(to, Uint8Array.of(1), {signal: new AbortController().signal});
  const stream = await accepted;
  const [connection] = honest.getConnections(liar.peerId);
  stream.send(encodeWord(BEAT));
  expect(await loss).toBe('silent');
  expect(connection?.status).not.toBe('open');
});

test('[TR24] a peer that is back on another connection loses the silent one only', async () => {
  await transport.close();
  transport = await openTransport({beatMs: 5});
  const loss = nextLoss();
  const {accepted} = await acceptFrames();
  const to = asPeerId(liar.peerId.toString());
  await transport.send(to, Uint8Array.of(1), {signal: new AbortController().signal});
  const stream = await accepted;
  const [silent] = honest.getConnections(liar.peerId);
  await liar.dial(honest.getMultiaddrs(), {force: true});
  stream.send(encodeWord(BEAT));
  expect(await loss).toBe('silent');
  const open = honest.getConnections(liar.peerId).filter(({status}) => status === 'open');
  expect(open).toHaveLength(1);
  expect(open).not.toContain(silent);
});

test('[TR24] a peer is silent, too, whose connection is ended because no packet reaches it', async () => {
  const loss = nextLoss();
  await acceptFrames();
  const signal = AbortSignal.timeout(30_000);
  await transport.connect(asPeerId(liar.peerId.toString()), {signal});
  const [connection] = honest.getConnections(liar.peerId);
  connection?.abort(new SilentPeerError('no packet reaches it'));
  expect(await loss).toBe('silent');
});

test('[TR24] a receiver gives signs of life while frames come, and for a while after', async () => {
  await transport.close();
  transport = await openTransport({beatMs: 1});
  const stream = await openRawStream();
  const beats: number[] = [];
  stream.addEventListener('message', ({data}) => {
    for (const chunk of chunksOf(data)) beats.push(chunk.byteLength);
  });
  await new Promise((resolve) => void setImmediate(resolve));
  expect(beats).toEqual([]);
  stream.send(encodeWord(0));
  while (beats.length < 10) await new Promise((resolve) => void setImmediate(resolve));
  expect(new Set(beats)).toEqual(new Set([WORD_BYTES]));
});
