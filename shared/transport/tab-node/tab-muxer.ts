import {yamux} from '@libp2p/yamux';

/**
 * What a stream may have on the way: the least that yamux allows. Left alone, yamux doubles it
 * up to 16 MiB, the sooner the busier the page; and all that arrives is decrypted on its thread,
 * whether or not anybody reads on.
 */
export const STREAM_WINDOW_BYTES = 256 * 1024;

/** The streams of a tab over its connections to servers (KR9). */
export function tabMuxer(): ReturnType<typeof yamux> {
  return yamux({streamOptions: {maxStreamWindowSize: STREAM_WINDOW_BYTES}});
}
