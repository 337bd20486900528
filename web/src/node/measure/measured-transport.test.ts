import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {MemoryNetwork} from '#shared/transport/testing/memory-transport.ts';
import {LinkBook} from './link-book.ts';
import {MeasuredTransport} from './measured-transport.ts';

const {signal} = new AbortController();
const OTHER = asPeerId('other');

function unreachableAfterTwoDials() {
  const network = new MemoryNetwork();
  const book = new LinkBook();
  const transport = new MeasuredTransport({
    transport: network.join(asPeerId('own')),
    book,
    stopwatchMs: () => 0,
  });
  const unreachable = () => book.facts(0).unreachable;
  const dialTwice = async () => {
    for (let dial = 0; dial < 2; dial += 1) {
      await expect(transport.connect(OTHER, {signal})).rejects.toMatchObject({
        detail: {code: 'PEER_UNREACHABLE'},
      });
    }
  };
  return {network, transport, unreachable, dialTwice};
}

test('[CP4] a peer that could not be reached, and then sends something, is unreachable no more', async () => {
  const {network, transport, unreachable, dialTwice} = unreachableAfterTwoDials();
  await dialTwice();
  expect(unreachable()).toEqual([OTHER]);
  const other = network.join(OTHER);
  await other.send(transport.localPeerId, new Uint8Array(1), {signal});
  await expect.poll(unreachable).toEqual([]);
});

test('[CP4] nor is one from which a ping comes back; a link alone, and what is sent over it, show nothing', async () => {
  const {network, transport, unreachable, dialTwice} = unreachableAfterTwoDials();
  await dialTwice();
  const other = network.join(OTHER);
  const coming = transport.awaitLink(OTHER, {signal});
  await other.connect(transport.localPeerId, {signal});
  await coming;
  await transport.connect(OTHER, {signal});
  await transport.send(OTHER, new Uint8Array(1), {signal});
  expect(unreachable()).toEqual([OTHER]);
  await transport.measureRtt(OTHER, {signal});
  expect(unreachable()).toEqual([]);
});
