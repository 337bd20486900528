import type {PeerId} from '../base/ids.ts';
import {LINK_WAIT_MS} from './connect-timeout.ts';
import {peerUnreachable, type Transport} from './transport.ts';

/**
 * Makes sure that there is a link, for an answer that others could serve: after `LINK_WAIT_MS`
 * it waits no more. The attempt goes on, so that whoever asks again soon finds it done.
 *
 * @throws {TransportError} `PEER_UNREACHABLE`, `ONLY_RELAYED_PATH`; the reason of `signal`.
 */
export async function connectWithin(
  transport: Pick<Transport, 'connect'>,
  to: PeerId,
  {signal, waitMs = LINK_WAIT_MS}: {readonly signal: AbortSignal; readonly waitMs?: number},
): Promise<void> {
  const timeout = AbortSignal.timeout(waitMs);
  try {
    await transport.connect(to, {signal: AbortSignal.any([signal, timeout])});
  } catch (cause) {
    if (cause !== timeout.reason || signal.aborted) throw cause;
    throw peerUnreachable(to, waitMs, {cause});
  }
}
