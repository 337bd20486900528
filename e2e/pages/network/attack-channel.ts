import type {Connection} from '@libp2p/interface';
import {readWord} from '#shared/transport/channel/read-word.ts';
import {
  CHANNEL_FRAMES_PROTOCOL,
  encodeWord,
  WINDOW_BYTES,
  WORD_BYTES,
} from '#shared/transport/frames/frame-wire.ts';
import {findPeerConnection} from '../../../web/src/node/swarm/libp2p-node/find-peer-connection.ts';

/** What a peer does with a data channel that no honest peer does. */
export type ChannelAttack = 'text' | 'no-byte' | 'past-the-window' | 'id-of-the-other-side';

/** Far from the ids that the links of the same connection have used. */
const HIGH_ID = 900;

let attackCount = 0;

/** Agrees on a channel of its own over `connection`, and breaks one promise on it. */
export async function attackChannel(connection: Connection, attack: ChannelAttack): Promise<void> {
  const own = connection.direction === 'outbound' ? 0 : 1;
  const parity = attack === 'id-of-the-other-side' ? 1 - own : own;
  const channelId = HIGH_ID + 2 * attackCount + parity;
  attackCount += 1;
  const channel = findPeerConnection(connection)?.createDataChannel('', {
    negotiated: true,
    id: channelId,
  });
  const stream = await connection.newStream(CHANNEL_FRAMES_PROTOCOL);
  stream.send(encodeWord(channelId));
  if (channel === undefined || attack === 'id-of-the-other-side') return;
  await readWord(stream);
  if (channel.readyState !== 'open') {
    await new Promise((resolve) => {
      channel.addEventListener('open', resolve, {once: true});
    });
  }
  if (attack === 'text') channel.send('frames, please');
  else if (attack === 'no-byte') channel.send(new Uint8Array());
  else {
    const frame = new Uint8Array(16 * 1024);
    frame.set(encodeWord(frame.byteLength - WORD_BYTES));
    for (let sent = 0; sent < 2 * WINDOW_BYTES; sent += frame.byteLength) channel.send(frame);
  }
}
