import type {Libp2p} from '@libp2p/interface';
import {lpStream} from '@libp2p/utils';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {openLibp2pStreamTransport} from '../libp2p-stream-transport.ts';
import {MemoryChannels} from '../testing/memory-channels.ts';
import {idOf, openMemoryPeer} from '../../testing/memory-peers.ts';
import type {Transport} from '../transport.ts';
import {SUBFLOW_PROTOCOL} from './agree-on-subflow.ts';

const {signal} = new AbortController();
/** So far that no machine is too quick: a timer is never early. */
const FAR = {delayMs: 20, waitingBytes: 1};
let nodes: readonly [Libp2p, Libp2p];
const opened: Transport[] = [];

beforeEach(async () => {
  nodes = await Promise.all([openMemoryPeer(), openMemoryPeer()]);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map(async (transport) => transport.close()));
  await Promise.all(nodes.map(async (node) => node.stop()));
});

async function openTransport(libp2p: Libp2p, channels: MemoryChannels): Promise<Transport> {
  const transport = await openLibp2pStreamTransport({
    libp2p,
    channels: channels.of(idOf(libp2p)),
    addressesOf: (peer) =>
      nodes
        .find(({peerId}) => peerId.toString() === peer)
        ?.getMultiaddrs()
        .map(String) ?? [],
  });
  opened.push(transport);
  return transport;
}

/** A link over which frames have gone until they went over two subflows. */
async function divide(channels: MemoryChannels) {
  const [first, second] = nodes;
  const from = await openTransport(first, channels);
  const to = await openTransport(second, channels);
  const got: number[] = [];
  to.onFrame((_, frame) => void got.push(frame.byteLength));
  for (let ping = 0; ping < 3; ping += 1) await from.measureRtt(idOf(second), {signal});
  const sent: number[] = [];
  const send = async (byteLength: number) => {
    sent.push(byteLength);
    await from.send(idOf(second), new Uint8Array(byteLength), {signal});
  };
  while (channels.messagesOverSecond === 0) {
    await send(sent.length);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  return {from, to, got, sent, send};
}

test('[TR32] a link to a far peer whose frames do not leave at once gets one second subflow, and frames keep their order', async () => {
  const channels = new MemoryChannels(FAR);
  const {from, got, sent, send} = await divide(channels);
  await Promise.all([20_000, 1, 0, 4_608, 300_000, 5].map(send));
  await from.measureRtt(idOf(nodes[1]), {signal});
  expect(got).toEqual(sent);
  expect(channels.subflowCount).toBe(1);
});

/** As a peer does that means no harm yet. @returns what it hears, of which the first is the answer. */
async function askForSubflow(): Promise<string> {
  const [first, second] = nodes;
  const stream = await first.dialProtocol(second.getMultiaddrs(), SUBFLOW_PROTOCOL);
  const messages = lpStream(stream);
  await messages.write(new TextEncoder().encode('an offer'), {signal});
  const answer = await messages.read({signal});
  stream.abort(new Error('That was all'));
  return new TextDecoder().decode(answer.subarray());
}

test('[TR33] whoever asks for a subflow without a link, or for another, gets none, and the link goes on', async () => {
  const channels = new MemoryChannels(FAR);
  const early = await openTransport(nodes[1], channels);
  await expect(askForSubflow()).rejects.toBeInstanceOf(Error);
  await early.close();
  const {from, got, sent, send} = await divide(channels);
  await expect(askForSubflow()).rejects.toBeInstanceOf(Error);
  await send(9);
  await from.measureRtt(idOf(nodes[1]), {signal});
  expect(got).toEqual(sent);
  expect(channels.subflowCount).toBe(1);
});

test('[TR33] a connection has three of them in its life, however often its links come and go', async () => {
  const channels = new MemoryChannels();
  const [first, second] = nodes;
  await openTransport(second, channels);
  for (let link = 0; link < 4; link += 1) {
    const from = await openTransport(first, channels);
    await from.send(idOf(second), Uint8Array.of(link), {signal});
    const asking = askForSubflow();
    if (link < 3) expect(await asking).toBe('an offer');
    else await expect(asking).rejects.toBeInstanceOf(Error);
    await from.close();
  }
});
