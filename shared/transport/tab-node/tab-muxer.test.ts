import {memory} from '@libp2p/memory';
import {noise} from '@libp2p/noise';
import type {Libp2p, Stream} from '@libp2p/interface';
import {createLibp2p} from 'libp2p';
import {afterEach, expect, test} from 'vitest';
import {STREAM_WINDOW_BYTES, tabMuxer} from './tab-muxer.ts';

const PROTOCOL = '/weft/test/1.0.0';
const CHUNK = new Uint8Array(16 * 1024);
const peers: Libp2p[] = [];
afterEach(async () => {
  await Promise.all(peers.splice(0).map(async (peer) => peer.stop()));
});

async function openPeer(): Promise<Libp2p> {
  const peer = await createLibp2p({
    addresses: {listen: [`/memory/muxer-${peers.length}`]},
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [tabMuxer()],
    connectionMonitor: {enabled: false},
  });
  peers.push(peer);
  return peer;
}

/** Sends for as long as the other side lets it. */
function sendOn(stream: Stream, onSent: (byteCount: number) => void): void {
  const send = () => {
    while (stream.status === 'open') {
      onSent(CHUNK.byteLength);
      if (!stream.send(CHUNK)) return;
    }
  };
  stream.addEventListener('drain', send);
  send();
}

test('[KR9] what is sent ahead of a tab that reads on and on stays below two windows', async () => {
  const [sender, tab] = [await openPeer(), await openPeer()];
  let sentBytes = 0;
  let readBytes = 0;
  let mostAheadBytes = 0;
  await sender.handle(PROTOCOL, (stream) => {
    sendOn(stream, (byteCount) => {
      sentBytes += byteCount;
      mostAheadBytes = Math.max(mostAheadBytes, sentBytes - readBytes);
    });
  });
  const connection = await tab.dial(sender.getMultiaddrs());
  const stream = await connection.newStream(PROTOCOL);
  const over = Promise.withResolvers<void>();
  stream.addEventListener('message', ({data}) => {
    readBytes += data.byteLength;
    if (readBytes > 40 * STREAM_WINDOW_BYTES) over.resolve();
  });
  await over.promise;
  expect(mostAheadBytes).toBeLessThan(2 * STREAM_WINDOW_BYTES);
});
