import {identify} from '@libp2p/identify';
import type {Libp2p} from '@libp2p/interface';
import {memory} from '@libp2p/memory';
import {noise} from '@libp2p/noise';
import {yamux} from '@libp2p/yamux';
import {createLibp2p} from 'libp2p';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {asPeerId} from '../../base/ids.ts';
import {BEAT, encodeWord, WINDOW_BYTES, WORD_BYTES} from './frame-wire.ts';
import {openLibp2pStreamTransport} from '../libp2p-stream-transport.ts';
import {MemoryChannels} from '../testing/memory-channels.ts';
import {rawChannels, rawStreams, type RawLinks} from '../testing/raw-link.ts';
import {MAX_FRAME_BYTES} from '../../protocol/frame/frame.ts';
import {SilentPeerError} from './silent-peer-error.ts';
import type {LinkChannels} from '../channel/link-channels.ts';
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

/** Of all tests: each has nodes of its own. */
const memoryChannels = new MemoryChannels();

type Limits = {readonly stallMs?: number; readonly beatMs?: number};
type Open = (limits?: Limits) => Promise<Transport>;

async function openTransport(
  limits: Limits & {readonly channels?: LinkChannels} = {},
): Promise<Transport> {
  return await openLibp2pStreamTransport({
    libp2p: honest,
    addressesOf: () => liar.getMultiaddrs().map(String),
    ...limits,
  });
}

beforeEach(async () => {
  [honest, liar] = await Promise.all([createNode(), createNode()]);
});
afterEach(async () => {
  await transport.close();
  await Promise.all([honest.stop(), liar.stop()]);
});

const nextLoss = () =>
  new Promise<LinkLoss>((resolve) => {
    transport.onPeerClosed((_, loss) => resolve(loss));
  });

type Way = {readonly way: string; readonly open: Open; readonly raw: RawLinks};
const WAYS: readonly Way[] = [
  {way: 'a stream', open: openTransport, raw: rawStreams},
  {
    way: 'a data channel',
    open: async (limits) =>
      await openTransport({...limits, channels: memoryChannels.of(honest.peerId.toString())}),
    raw: rawChannels(memoryChannels),
  },
];

describe.each(WAYS)('over $way', ({open, raw}) => {
  test('[TR13] a frame longer than the limit ends the link before any of it is stored', async () => {
    transport = await open();
    const loss = nextLoss();
    const link = await raw.open(liar, honest);
    link.send(encodeWord(MAX_FRAME_BYTES + 1));
    expect(await loss).toBe('violation');
    expect(transport.traffic()).toMatchObject([{violations: 1, receivedFrames: 0}]);
  });

  test('[TR14] a sender that ignores the window loses the link', async () => {
    transport = await open();
    const loss = nextLoss();
    transport.onFrame(() => new Promise(() => undefined));
    const link = await raw.open(liar, honest);
    const frame = new Uint8Array([...encodeWord(1024), ...new Uint8Array(1024)]);
    for (let sentBytes = 0; sentBytes <= WINDOW_BYTES; sentBytes += frame.byteLength) {
      if (link.isOpen()) link.send(frame);
    }
    expect(await loss).toBe('violation');
  });

  test('[TR15] reads words and frames that are cut anywhere', async () => {
    transport = await open();
    const frames: number[] = [];
    const done = new Promise<void>((resolve) => {
      transport.onFrame((_, frame) => {
        frames.push(...frame, -1);
        if (frames.length === 6) resolve();
      });
    });
    const link = await raw.open(liar, honest);
    const bytes = [...encodeWord(2), 7, 8, ...encodeWord(0), ...encodeWord(1), 9];
    for (const byte of bytes) link.send(new Uint8Array([byte]));
    await done;
    expect(frames).toEqual([7, 8, -1, -1, 9, -1]);
  });

  test('[TR16] a receiver that gives back more than it was sent loses the link', async () => {
    transport = await open();
    const {accepted} = await raw.accept(liar);
    const loss = nextLoss();
    const signal = AbortSignal.timeout(30_000);
    await transport.connect(asPeerId(liar.peerId.toString()), {signal});
    (await accepted).send(encodeWord(WINDOW_BYTES));
    expect(await loss).toBe('violation');
    expect(transport.traffic()).toMatchObject([{violations: 1}]);
  });

  test('[TR18] a frame whose bytes stop coming ends the link, and that does not count as a violation', async () => {
    transport = await open({stallMs: 200});
    const loss = nextLoss();
    const link = await raw.open(liar, honest);
    link.send(new Uint8Array([...encodeWord(MAX_FRAME_BYTES), 1, 2, 3]));
    expect(await loss).toBe('closed');
  });

  test('[TR18] a long frame arrives whole, however slowly it grows', async () => {
    transport = await open();
    const arrived = new Promise<Uint8Array>((resolve) => {
      transport.onFrame((_, frame) => resolve(frame));
    });
    const link = await raw.open(liar, honest);
    const bytes = Uint8Array.from({length: 200_000}, (_, i) => i % 251);
    link.send(encodeWord(bytes.byteLength));
    for (let at = 0; at < bytes.byteLength; at += 9_001) link.send(bytes.slice(at, at + 9_001));
    expect(Buffer.compare(await arrived, bytes)).toBe(0);
  });

  test('[TR19] a peer that sends more frames than are read loses the link', async () => {
    transport = await open();
    const loss = nextLoss();
    const link = await raw.open(liar, honest);
    const frames = new Uint8Array(4_000);
    for (let k = 0; k < 20 && link.isOpen(); k += 1) link.send(frames);
    expect(await loss).toBe('violation');
  });

  test('[TR24] a peer that gave signs of life and gives none any more loses its link and its connection', async () => {
    transport = await open({beatMs: 5});
    const loss = nextLoss();
    const {accepted} = await raw.accept(liar);
    const to = asPeerId(liar.peerId.toString());
    await transport.send(to, Uint8Array.of(1), {signal: new AbortController().signal});
    const link = await accepted;
    const [connection] = honest.getConnections(liar.peerId);
    link.send(encodeWord(BEAT));
    expect(await loss).toBe('silent');
    expect(connection?.status).not.toBe('open');
  });

  test('[TR24] a peer that is back on another connection loses the silent one only', async () => {
    transport = await open({beatMs: 5});
    const loss = nextLoss();
    const {accepted} = await raw.accept(liar);
    const to = asPeerId(liar.peerId.toString());
    await transport.send(to, Uint8Array.of(1), {signal: new AbortController().signal});
    const link = await accepted;
    const [silent] = honest.getConnections(liar.peerId);
    await liar.dial(honest.getMultiaddrs(), {force: true});
    link.send(encodeWord(BEAT));
    expect(await loss).toBe('silent');
    const left = honest.getConnections(liar.peerId).filter(({status}) => status === 'open');
    expect(left).toHaveLength(1);
    expect(left).not.toContain(silent);
  });

  test('[TR24] a peer is silent, too, whose connection is ended because no packet reaches it', async () => {
    transport = await open();
    const loss = nextLoss();
    await raw.accept(liar);
    const signal = AbortSignal.timeout(30_000);
    await transport.connect(asPeerId(liar.peerId.toString()), {signal});
    const [connection] = honest.getConnections(liar.peerId);
    connection?.abort(new SilentPeerError('no packet reaches it'));
    expect(await loss).toBe('silent');
  });

  test('[TR24] a receiver gives the first sign of life with the first frame: a peer that was never heard is not missed', async () => {
    transport = await open({beatMs: 1_000_000});
    const link = await raw.open(liar, honest);
    const beat = new Promise<number>((resolve) => {
      link.onBytes(({byteLength}) => resolve(byteLength));
    });
    link.send(encodeWord(0));
    expect(await beat).toBe(WORD_BYTES);
  });

  test('[TR24] a receiver gives signs of life while frames come, and for a while after', async () => {
    transport = await open({beatMs: 1});
    const link = await raw.open(liar, honest);
    const beats: number[] = [];
    link.onBytes(({byteLength}) => beats.push(byteLength));
    await new Promise((resolve) => void setImmediate(resolve));
    expect(beats).toEqual([]);
    link.send(encodeWord(0));
    while (beats.length < 10) await new Promise((resolve) => void setImmediate(resolve));
    expect(new Set(beats)).toEqual(new Set([WORD_BYTES]));
  });
});
