import type {Connection} from '@libp2p/interface';
import {Allowance} from '../../base/allowance.ts';

/** A peer opens a handful when it comes, and one now and then. */
const STREAMS = {perSec: 5, burst: 40};

/**
 * Ends a connection over which streams are opened faster than anybody needs:
 * each costs a negotiation before its protocol's own limit is looked at.
 */
export function watchStreams(
  connection: Connection,
  shutOut: (connection: Connection, why: string) => void,
): void {
  const muxer = muxerOf(connection);
  if (muxer === null) return;
  const allowance = new Allowance(STREAMS);
  muxer.addEventListener('stream', () => {
    if (allowance.take(performance.now()) > 0) {
      shutOut(connection, 'The peer flooded this tab with streams');
    }
  });
}

/** Private in libp2p 3.3: looked for, never relied upon. */
function muxerOf(connection: Connection): EventTarget | null {
  if (!('muxer' in connection)) return null;
  const {muxer} = connection;
  return muxer instanceof EventTarget ? muxer : null;
}
