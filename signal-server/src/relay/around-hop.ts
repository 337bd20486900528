import type {CircuitRelayService} from '@libp2p/circuit-relay-v2';
import type {Stream} from '@libp2p/interface';
import {assert} from '#shared/base/assert.ts';

/**
 * Runs `around` for each stream on which a peer asks the relay for something;
 * `handle` goes on with it. Not by `libp2p.use`: in libp2p 3.3 each inbound
 * stream adds its handler to the list of middleware for good.
 */
export function aroundHop(
  relay: CircuitRelayService,
  around: (stream: Stream, handle: () => unknown) => unknown,
): void {
  assert('onHop' in relay && typeof relay.onHop === 'function', 'the relay handles hop streams');
  const {onHop} = relay;
  Object.assign(relay, {
    onHop: (stream: Stream, ...rest: unknown[]): unknown =>
      around(stream, () => onHop.call(relay, stream, ...rest)),
  });
}
