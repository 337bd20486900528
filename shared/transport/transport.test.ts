import {noise} from '@libp2p/noise';
import {identify} from '@libp2p/identify';
import {memory} from '@libp2p/memory';
import {yamux} from '@libp2p/yamux';
import type {Connection, Libp2p} from '@libp2p/interface';
import {createLibp2p} from 'libp2p';
import {describe, expect, test} from 'vitest';
import {asPeerId} from '../base/ids.ts';
import {openLibp2pStreamTransport} from './libp2p-stream-transport.ts';
import type {LinkChannels} from './channel/link-channels.ts';
import {MemoryChannels} from './testing/memory-channels.ts';
import {MemoryNetwork} from './testing/memory-transport.ts';
import {transportContract, type TransportPair} from './transport.contract.ts';

async function connectInMemory(): Promise<TransportPair> {
  const network = new MemoryNetwork();
  const a = network.join(asPeerId('peer-a'));
  const b = network.join(asPeerId('peer-b'));
  return {
    a,
    b,
    cut: async () => network.cut(a.localPeerId, b.localPeerId),
    close: async () => {
      await a.close();
      await b.close();
    },
  };
}

let nextNode = 0;

type Libp2pPair = TransportPair & {readonly nodes: readonly Libp2p[]};

type ChannelsOf = (
  node: Libp2p,
  at: number,
) => {readonly channels?: LinkChannels; readonly takesStrangers?: boolean};

async function connectOverLibp2p(channelsOf: ChannelsOf = () => ({})): Promise<Libp2pPair> {
  const nodes = await Promise.all(
    [0, 1].map(() =>
      createLibp2p({
        addresses: {listen: [`/memory/transport-${nextNode++}`]},
        transports: [memory()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux()],
        services: {identify: identify()},
      }),
    ),
  );
  const addressesOf = (peer: string) =>
    nodes
      .find((node) => node.peerId.toString() === peer)
      ?.getMultiaddrs()
      .map(String) ?? [];
  const [a, b] = await Promise.all(
    nodes.map((libp2p, at) =>
      openLibp2pStreamTransport({libp2p, addressesOf, ...channelsOf(libp2p, at)}),
    ),
  );
  if (a === undefined || b === undefined) throw new Error('Expected two transports');
  return {
    a,
    b,
    nodes,
    cut: async () => {
      for (const connection of nodes[0]?.getConnections() ?? []) connection.abort(new Error('cut'));
    },
    close: async () => {
      await a.close();
      await b.close();
      await Promise.all(nodes.map(async (node) => node.stop()));
    },
  };
}

async function connectOverChannels(): Promise<Libp2pPair> {
  const channels = new MemoryChannels();
  return await connectOverLibp2p(({peerId}) => ({channels: channels.of(peerId.toString())}));
}

describe.each([
  ['memory', connectInMemory],
  ['libp2p streams', () => connectOverLibp2p()],
  ['data channels', connectOverChannels],
])('%s', (_, connectTwo) => {
  test.each(transportContract)('$name', async ({run}) => {
    const pair = await connectTwo();
    try {
      await expect(run(pair)).resolves.toBeUndefined();
    } finally {
      await pair.close();
    }
  });
});

test('[TR20] a connection that answers nothing any more is not waited for when its peer is back on another', async () => {
  const pair = await connectOverLibp2p();
  const {a, b, nodes} = pair;
  const {signal} = new AbortController();
  try {
    const [first, second] = nodes;
    const dead = await first?.dial(second?.getMultiaddrs() ?? []);
    const asked = Promise.withResolvers<void>();
    Object.assign(dead ?? {}, {
      newStream: async (_: string, options: {readonly signal: AbortSignal}) => {
        asked.resolve();
        await new Promise((resolve) => {
          options.signal.addEventListener('abort', resolve);
        });
        options.signal.throwIfAborted();
      },
    });
    const received = Promise.withResolvers<Uint8Array>();
    b.onFrame((_, frame) => received.resolve(frame));
    const sending = a.send(b.localPeerId, new Uint8Array([7]), {signal});
    await asked.promise;
    await second?.dial(first?.getMultiaddrs() ?? [], {force: true});
    await expect(sending).resolves.toBeUndefined();
    await expect(received.promise).resolves.toEqual(new Uint8Array([7]));
    expect(dead?.status).toBe('open');
  } finally {
    await pair.close();
  }
});

test('[TR26] a connection on which no stream can be opened is given up, and its peer is dialled again at once', async () => {
  const pair = await connectOverLibp2p();
  const {a, b, nodes} = pair;
  try {
    const [first, second] = nodes;
    const dead = await first?.dial(second?.getMultiaddrs() ?? []);
    Object.assign(dead ?? {}, {newStream: () => Promise.reject(new Error('It is closed'))});
    const {signal} = new AbortController();
    await expect(a.connect(b.localPeerId, {signal})).resolves.toBeUndefined();
    expect(dead?.status).toBe('aborted');
    const connections = first?.getConnections(second?.peerId) ?? [];
    expect(connections.map(({status}) => status)).toEqual(['open']);
  } finally {
    await pair.close();
  }
});

test('[TR35] [TR36] where strangers may send nothing, only who was sent something is heard', async () => {
  const pair = await connectOverLibp2p((_, at) => ({takesStrangers: at === 0}));
  const {a, b} = pair;
  const {signal} = new AbortController();
  const heard: number[] = [];
  b.onFrame((_, [byte = 0]) => void heard.push(byte));
  try {
    const lost = Promise.withResolvers<void>();
    a.onPeerClosed(() => lost.resolve());
    await a.send(b.localPeerId, new Uint8Array([1]), {signal}).catch(() => lost.resolve());
    await lost.promise;
    await b.send(a.localPeerId, new Uint8Array([2]), {signal});
    const received = Promise.withResolvers<void>();
    b.onFrame(() => received.resolve());
    await a.send(b.localPeerId, new Uint8Array([3]), {signal});
    await received.promise;
    expect(heard).toEqual([3]);
  } finally {
    await pair.close();
  }
});

/** Two nodes of which the first's dials come to what `dial` makes of them. */
async function withDials(
  dial: (nodes: readonly [Libp2p, Libp2p], real: Libp2p['dial']) => Promise<Connection>,
  run: (pair: Libp2pPair) => Promise<void>,
): Promise<void> {
  const pair = await connectOverLibp2p();
  const [first, second] = pair.nodes;
  if (first === undefined || second === undefined) throw new Error('Expected two nodes');
  const real = first.dial.bind(first);
  Object.assign(first, {dial: async () => await dial([first, second], real)});
  try {
    await run(pair);
  } finally {
    await pair.close();
  }
}

const {signal: never} = new AbortController();

test('[TR21] a peer that comes by itself while it is dialled is reached, whatever the dial comes to', async () => {
  await withDials(
    async ([first, second]) => {
      await second.dial(first.getMultiaddrs());
      throw new Error('The signaling ended');
    },
    async ({a, b}) => {
      await expect(a.measureRtt(b.localPeerId, {signal: never})).resolves.toBeGreaterThan(0);
    },
  );
  await withDials(
    async ([first, second]) => {
      await second.dial(first.getMultiaddrs());
      return await new Promise(() => undefined);
    },
    async ({a, b}) => {
      await expect(a.measureRtt(b.localPeerId, {signal: never})).resolves.toBeGreaterThan(0);
    },
  );
});

test('[TR21] a dial whose relayed connection the peer has closed, because its own dial is done, starts again', async () => {
  let dials = 0;
  await withDials(
    async ([first, second], real) => {
      dials += 1;
      if (dials > 1) return await real(second.getMultiaddrs());
      const [relayed] = first.getConnections(second.peerId);
      await relayed?.close();
      throw new Error('The signaling ended');
    },
    async ({a, b, nodes}) => {
      const [first, second] = nodes;
      await second?.dial(first?.getMultiaddrs() ?? []);
      for (const connection of first?.getConnections() ?? []) {
        Object.assign(connection, {limits: {bytes: 32_768n}});
      }
      await expect(a.measureRtt(b.localPeerId, {signal: never})).resolves.toBeGreaterThan(0);
      expect(dials).toBe(2);
    },
  );
});
