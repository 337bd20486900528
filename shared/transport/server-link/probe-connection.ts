import type {Connection} from '@libp2p/interface';
import {PING_PROTOCOL} from '@libp2p/ping';
import {byteStream} from '@libp2p/utils';

const PING_BYTES = 32;

/**
 * Resolves when the other side answers over this very connection.
 *
 * @throws the reason of `signal` when it does not; what libp2p throws when the connection ends.
 */
export async function probeConnection(
  connection: Connection,
  {signal}: {readonly signal: AbortSignal},
): Promise<void> {
  const stream = await connection.newStream(PING_PROTOCOL, {signal});
  try {
    const bytes = byteStream(stream);
    await bytes.write(crypto.getRandomValues(new Uint8Array(PING_BYTES)), {signal});
    await bytes.read({bytes: PING_BYTES, signal});
    await stream.close({signal});
  } catch (cause) {
    stream.abort(new Error('The probe failed', {cause}));
    throw cause;
  }
}
