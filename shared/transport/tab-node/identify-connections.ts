import type {Identify} from '@libp2p/identify';
import {UnsupportedProtocolError, type Connection, type Libp2p} from '@libp2p/interface';

type Options = {
  /** With `identify({runOnConnectionOpen: false})`: this does it instead. */
  readonly libp2p: Libp2p<{identify: Pick<Identify, 'identify'>}>;
  /** Whether the other side is a signal server that this node may still need a relay place of. */
  readonly isPlaceWanted: (connection: Connection) => boolean;
};

const TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 2_000;
/** What it may take from knowing a relay to having a place there. */
const PLACE_MS = 2_000;

/**
 * Asks everybody at the other end of a connection who they are, until they say.
 *
 * libp2p asks once, waits 5 s, and passes over a failure; whatever follows from
 * an answer, as a place at a relay, then never comes. A place that the relay
 * did not give at the first try is asked for again only after another answer.
 */
export function identifyConnections({libp2p, isPlaceWanted}: Options): void {
  libp2p.addEventListener('connection:open', ({detail: connection}) => {
    // Over a relay only WebRTC is set up: nothing follows from who it is.
    if (connection.limits !== undefined) return;
    void (async () => {
      await identifyUntilAnswered(libp2p, connection);
      while (connection.status === 'open') {
        await pause(PLACE_MS);
        if (connection.status === 'open' && isPlaceWanted(connection)) {
          await identifyUntilAnswered(libp2p, connection);
        }
      }
    })();
  });
}

async function identifyUntilAnswered(
  {services}: Options['libp2p'],
  connection: Connection,
): Promise<void> {
  let retryMs = FIRST_RETRY_MS;
  while (connection.status === 'open') {
    try {
      await services.identify.identify(connection, {signal: AbortSignal.timeout(TIMEOUT_MS)});
      return;
    } catch (cause) {
      if (cause instanceof UnsupportedProtocolError) return;
      // A busy machine, a lost stream: what is wrong with the connection is for others to judge.
      await pause(retryMs);
      retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
    }
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
