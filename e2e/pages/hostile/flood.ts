import type {Stream} from '@libp2p/interface';
import {encodeWord, WORD_BYTES} from '#shared/transport/frames/frame-wire.ts';
import {MAX_FRAME_BYTES} from '#shared/protocol/frame/frame.ts';
import type {Flood, FloodCount} from './hostile-control.ts';

/** So many words fill the largest message of a data channel. */
const PINGS_AT_ONCE = 1_024;
/** A link that was ended, or that a frame was announced on, is followed by the next. */
const NEXT_LINK_MS = 50;

/** Sends what no honest peer sends, for so long, over links that are opened again as often as necessary. */
export async function flood(
  openFrames: () => Promise<Stream>,
  {kind, forMs}: {readonly kind: Flood; readonly forMs: number},
): Promise<FloodCount> {
  const untilMs = performance.now() + forMs;
  let sent = 0;
  let links = 0;
  while (performance.now() < untilMs) {
    const stream = await openFrames().catch(() => null); // Shut out: tried again.
    if (stream !== null) {
      links += 1;
      sent += kind === 'pings' ? await sendPings(stream, untilMs) : announce(stream);
    }
    await pause(NEXT_LINK_MS);
  }
  return {sent, links};
}

/** @returns how many, until `untilMs` or the end of the stream. */
async function sendPings(stream: Stream, untilMs: number): Promise<number> {
  const pings = new Uint8Array(PINGS_AT_ONCE * WORD_BYTES).fill(0xff);
  let sent = 0;
  while (stream.status === 'open' && performance.now() < untilMs) {
    stream.send(pings);
    sent += PINGS_AT_ONCE;
    await pause(0);
  }
  return sent;
}

/** A frame that never comes. */
function announce(stream: Stream): number {
  stream.send(encodeWord(MAX_FRAME_BYTES));
  return 1;
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
