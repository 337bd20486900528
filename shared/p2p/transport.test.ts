import {noise} from '@libp2p/noise';
import {identify} from '@libp2p/identify';
import {memory} from '@libp2p/memory';
import {yamux} from '@libp2p/yamux';
import {createLibp2p} from 'libp2p';
import {describe, expect, test} from 'vitest';
import {asPeerId} from '../ids.ts';
import {openLibp2pStreamTransport} from './libp2p-stream-transport.ts';
import {MemoryNetwork} from './memory-transport.ts';
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

async function connectOverLibp2p(): Promise<TransportPair> {
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
    nodes.map((libp2p) => openLibp2pStreamTransport({libp2p, addressesOf})),
  );
  if (a === undefined || b === undefined) throw new Error('Expected two transports');
  return {
    a,
    b,
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

describe.each([
  ['memory', connectInMemory],
  ['libp2p streams', connectOverLibp2p],
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
