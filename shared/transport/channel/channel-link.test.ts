import type {Libp2p} from '@libp2p/interface';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {asSessionId} from '../../base/ids.ts';
import {encodeFrame, type Frame} from '../../protocol/frame/frame.ts';
import {encodeSampledTokens} from '../../protocol/frame/sampled-token.ts';
import {CHANNEL_FRAMES_PROTOCOL, encodeWord, FRAMES_PROTOCOL} from '../frames/frame-wire.ts';
import {openLibp2pStreamTransport} from '../libp2p-stream-transport.ts';
import {MemoryChannels} from '../testing/memory-channels.ts';
import {idOf, openMemoryPeer} from '../../testing/memory-peers.ts';
import {DIALLERS_CHANNEL} from '../testing/raw-link.ts';
import type {LinkLoss, Transport} from '../transport.ts';
import {ChannelIds, isPeersChannelId} from './channel-id.ts';
import type {HalfReport} from './half-port.ts';
import type {LinkChannels} from './link-channels.ts';
import {readWord} from './read-word.ts';

const {signal} = new AbortController();
let nodes: readonly [Libp2p, Libp2p];
let channels: MemoryChannels;
const opened: Transport[] = [];

beforeEach(async () => {
  nodes = await Promise.all([openMemoryPeer(), openMemoryPeer()]);
  channels = new MemoryChannels();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map(async (transport) => transport.close()));
  await Promise.all(nodes.map(async (node) => node.stop()));
});

async function openTransport(libp2p: Libp2p, own?: LinkChannels): Promise<Transport> {
  const transport = await openLibp2pStreamTransport({
    libp2p,
    addressesOf: (peer) =>
      nodes
        .find(({peerId}) => peerId.toString() === peer)
        ?.getMultiaddrs()
        .map(String) ?? [],
    ...(own !== undefined && {channels: own}),
  });
  opened.push(transport);
  return transport;
}

function protocolsBetween([first, second]: readonly [Libp2p, Libp2p]): readonly string[] {
  return first
    .getConnections(second.peerId)
    .flatMap(({streams}) => streams)
    .filter(({status, protocol}) => status === 'open' && protocol.startsWith('/weft/'))
    .map(({protocol}) => protocol);
}

const nextFrame = (transport: Transport) =>
  new Promise<Uint8Array>((resolve) => {
    transport.onFrame((_, frame) => resolve(frame));
  });

const nextLoss = (transport: Transport) =>
  new Promise<LinkLoss>((resolve) => {
    transport.onPeerClosed((_, loss) => resolve(loss));
  });

test('[TR28] frames go over a data channel where both sides can, and over a stream where one cannot', async () => {
  const [first, second] = nodes;
  const from = await openTransport(first, channels.of(idOf(first)));
  const old = await openTransport(second);
  let arrived = nextFrame(old);
  await from.send(idOf(second), Uint8Array.of(1), {signal});
  expect(await arrived).toEqual(Uint8Array.of(1));
  expect(protocolsBetween(nodes)).toEqual([FRAMES_PROTOCOL]);
  const loss = nextLoss(from);
  await old.close();
  await loss;
  const renewed = await openTransport(second, channels.of(idOf(second)));
  arrived = nextFrame(renewed);
  await from.send(idOf(second), Uint8Array.of(2), {signal});
  expect(await arrived).toEqual(Uint8Array.of(2));
  expect(protocolsBetween(nodes)).toEqual([CHANNEL_FRAMES_PROTOCOL]);
});

const refuse = () => {
  throw new Error('The id is in use');
};

test('[TR28] a peer whose end of the channel does not come about is sent frames over a stream', async () => {
  const [first, second] = nodes;
  const broken: LinkChannels = {fits: () => true, open: refuse, openSubflow: refuse};
  const from = await openTransport(first, channels.of(idOf(first)));
  const to = await openTransport(second, broken);
  const arrived = nextFrame(to);
  await from.send(idOf(second), Uint8Array.of(3), {signal});
  expect(await arrived).toEqual(Uint8Array.of(3));
  expect(protocolsBetween(nodes)).toEqual([FRAMES_PROTOCOL]);
});

test.each(['first', 'second'] as const)(
  '[TR28] a channel that the %s browser closes at once is asked for once more',
  async (side) => {
    const [first, second] = nodes;
    const [own, others] = [channels.of(idOf(first)), channels.of(idOf(second))];
    const from = await openTransport(first, side === 'first' ? closingFirst(own) : own);
    const to = await openTransport(second, side === 'second' ? closingFirst(others) : others);
    const arrived = nextFrame(to);
    await from.send(idOf(second), Uint8Array.of(4), {signal});
    expect(await arrived).toEqual(Uint8Array.of(4));
    expect(protocolsBetween(nodes)).toEqual([CHANNEL_FRAMES_PROTOCOL]);
  },
);

/** Closes the first channel that it opens. */
function closingFirst(from: LinkChannels): LinkChannels {
  let isFirst = true;
  return {
    ...from,
    open: (connection, channelId, half) => {
      const channel = from.open(connection, channelId, half);
      if (!isFirst) return channel;
      isFirst = false;
      const {port1, port2} = new MessageChannel();
      channel.port.close();
      port2.postMessage({kind: 'ended', why: 'The data channel was closed'} satisfies HalfReport);
      return {...channel, port: port1};
    },
  };
}

test('[TR29] the two sides of a connection name ids that never meet, and none twice in a row', () => {
  const ids = new ChannelIds();
  const dialler = {direction: 'outbound'} as const;
  const dialled = {direction: 'inbound'} as const;
  const own = Array.from({length: 600}, () => ids.next(dialler));
  const others = Array.from({length: 600}, () => ids.next(dialled));
  expect([Math.min(...own, ...others), Math.max(...own, ...others)]).toEqual([512, 1021]);
  expect(own.filter((id) => others.includes(id))).toEqual([]);
  expect(new Set(own.slice(0, 255)).size).toBe(255);
  expect(own.every((id) => isPeersChannelId(dialled, id))).toBe(true);
  expect(others.every((id) => isPeersChannelId(dialler, id))).toBe(true);
  for (const id of [0, 510, 511, 513, 1022, 1023, 0xff_ff_ff_ff]) {
    expect(isPeersChannelId(dialled, id)).toBe(false);
  }
});

test('[TR29] a peer that names a channel which is not its own has no link, and that is counted', async () => {
  const [honest, liar] = nodes;
  const transport = await openTransport(honest, channels.of(idOf(honest)));
  const stream = await liar.dialProtocol(honest.getMultiaddrs(), CHANNEL_FRAMES_PROTOCOL);
  stream.send(encodeWord(DIALLERS_CHANNEL + 1));
  await expect(readWord(stream)).rejects.toBeInstanceOf(Error);
  expect(transport.traffic()).toMatchObject([{peerId: idOf(liar), violations: 1}]);
});

test('[TR29] a peer that sends what is no bytes, or says more on the stream than its id, loses the link', async () => {
  const [honest, liar] = nodes;
  const transport = await openTransport(honest, channels.of(idOf(honest)));
  const loss = nextLoss(transport);
  const stream = await liar.dialProtocol(honest.getMultiaddrs(), CHANNEL_FRAMES_PROTOCOL);
  stream.send(encodeWord(DIALLERS_CHANNEL));
  await readWord(stream);
  channels.pipe([idOf(honest), idOf(liar)], DIALLERS_CHANNEL).sendNonsense('text');
  expect(await loss).toBe('violation');
  const second = nextLoss(transport);
  const talking = await liar.dialProtocol(honest.getMultiaddrs(), CHANNEL_FRAMES_PROTOCOL);
  talking.send(encodeWord(DIALLERS_CHANNEL + 2));
  await readWord(talking);
  talking.send(encodeWord(0));
  expect(await second).toBe('closed');
});

test('[TR30] when the thread of the channels is lost, so are its links, and the next frame goes over a stream', async () => {
  const [first, second] = nodes;
  const own = channels.of(idOf(first));
  const from = await openTransport(first, own);
  const to = await openTransport(second, channels.of(idOf(second)));
  await from.send(idOf(second), Uint8Array.of(1), {signal});
  const losses = Promise.all([nextLoss(from), nextLoss(to)]);
  own.lose(new Error('The thread is gone'));
  expect(await losses).toEqual(['closed', 'closed']);
  const arrived = nextFrame(to);
  await from.send(idOf(second), Uint8Array.of(2), {signal});
  expect(await arrived).toEqual(Uint8Array.of(2));
  expect(protocolsBetween(nodes)).toEqual([FRAMES_PROTOCOL]);
  // The peer, whose thread is there, gets no channel from here either.
  const back = nextFrame(from);
  await to.send(idOf(first), Uint8Array.of(3), {signal});
  expect(await back).toEqual(Uint8Array.of(3));
});

const HIDDEN_SIZE = 576;
const PLACE = {sessionId: asSessionId('00'.repeat(8)), epoch: 0, hopIndex: 0, position: 0};
const ONE = {...PLACE, sample: false, verify: false, tokenCount: 1};
/** One token's state from hop to hop, and one token for the reader. */
const HIDDEN: Frame = {
  ...ONE,
  kind: 'hidden',
  dtype: 'f16',
  payload: new Uint8Array(2 * HIDDEN_SIZE),
};
const SAMPLED: Frame = {
  ...ONE,
  kind: 'sampled',
  dtype: 'none',
  payload: encodeSampledTokens([{tokenId: 1, logprob: -1, top: []}]),
};

test('[TR31] a frame costs a channel four bytes beside its own, and a token takes few', async () => {
  const [first, second] = nodes;
  const from = await openTransport(first, channels.of(idOf(first)));
  await second.handle(CHANNEL_FRAMES_PROTOCOL, async (stream) => {
    const channelId = await readWord(stream);
    const pipe = channels.pipe([idOf(first), idOf(second)], channelId);
    pipe.listen({
      onBytes: ({byteLength}) => messages.push(byteLength),
      onNonsense: () => undefined,
      onDrain: () => undefined,
      onClosed: () => undefined,
    });
    stream.send(encodeWord(channelId));
  });
  const messages: number[] = [];
  const [hidden, sampled] = [HIDDEN, SAMPLED].map(encodeFrame);
  await from.send(idOf(second), hidden ?? new Uint8Array(), {signal});
  await from.send(idOf(second), sampled ?? new Uint8Array(), {signal});
  while (messages.length < 2) await new Promise((resolve) => void setImmediate(resolve));
  expect(messages).toEqual([2 * HIDDEN_SIZE + 32, 40]);
});
