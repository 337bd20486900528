import type {Connection} from '@libp2p/interface';
import {asPeerId} from '../../base/ids.ts';
import {CHANNEL_FRAMES_PROTOCOL, FRAMES_PROTOCOL} from '../frames/frame-wire.ts';
import type {Acquaintance} from './acquaintance.ts';

const LINKS: ReadonlySet<string> = new Set([FRAMES_PROTOCOL, CHANNEL_FRAMES_PROTOCOL]);

/**
 * The connection that is missed least: of a stranger without a link before one
 * with it, then of peers that the tab knows, last of those that an answer runs
 * over; of equals the oldest. The latest arrival stays, so that a full table
 * keeps nobody out.
 */
export function leastMissed(
  connections: readonly Connection[],
  newest: Connection,
  {isKnown, isBusy}: Acquaintance,
): Connection | undefined {
  const worth = (connection: Connection): number => {
    const peer = asPeerId(connection.remotePeer.toString());
    const hasLink = connection.streams.some(({protocol}) => LINKS.has(protocol));
    return (isBusy(peer) ? 4 : 0) + (isKnown(peer) ? 2 : 0) + (hasLink ? 1 : 0);
  };
  return connections
    .filter((connection) => connection !== newest)
    .toSorted((a, b) => worth(a) - worth(b) || a.timeline.open - b.timeline.open)[0];
}
