import type {Connection, Libp2p} from '@libp2p/interface';
import {Allowance} from '../../base/allowance.ts';

export const PING_PROTOCOL = '/ipfs/ping/1.0.0';
/** A server looks every ten seconds whether its tabs are there. */
const PINGS = {perSec: 1, burst: 20};
/** A ping is 32 bytes, in one piece or two. */
const MAX_PING_BYTES = 64;

/**
 * Answers libp2p's pings in place of its own service, which echoes whatever
 * comes for as long as it comes.
 */
export async function answerPings(
  libp2p: Libp2p,
  shutOut: (connection: Connection, why: string) => void,
): Promise<void> {
  const allowances = new WeakMap<Connection, Allowance>();
  await libp2p.handle(
    PING_PROTOCOL,
    (stream, connection) => {
      const allowance = allowances.get(connection) ?? new Allowance(PINGS);
      allowances.set(connection, allowance);
      stream.addEventListener('message', ({data}) => {
        const isFlood = data.byteLength > MAX_PING_BYTES || allowance.take(performance.now()) > 0;
        if (isFlood) shutOut(connection, 'The peer flooded this tab with pings');
        else if (!stream.send(data)) stream.abort(new Error('The peer does not read its pongs'));
      });
      stream.addEventListener('remoteCloseWrite', () => void stream.close().catch(() => undefined));
    },
    {force: true, runOnLimitedConnection: false, maxInboundStreams: 2},
  );
}
