import type {CircuitRelayTransportComponents} from '@libp2p/circuit-relay-v2';
import type {Connection, PeerId, Stream, Transport} from '@libp2p/interface';
import {assert} from '../../base/assert.ts';
import {isDirectConnection} from '../direct-path.ts';

type Create = (components: CircuitRelayTransportComponents) => Transport;

type Options = {
  readonly isNamed: (relay: PeerId) => boolean;
  /** Called with the relay's stream of each connection that comes in over it. */
  readonly onVisit: (stream: Stream) => void;
};

/**
 * Without a place, libp2p looks for relays among all peers that the DHT knows: dozens of dials
 * per second, of a server that has just been lost.
 */
const NO_WALK: CircuitRelayTransportComponents['randomWalk'] = {
  async *walk() {
    // Servers that are named are connected anyway, and say themselves that they relay.
  },
};

/**
 * The relay transport of a tab, with named servers as its only relays. Any peer
 * may say that it relays: a place taken there would leave the tab with an
 * address that nobody dials, and its visitors unlimited.
 */
export function namedRelaysOnly(create: Create, {isNamed, onVisit}: Options): Create {
  return (components) => {
    // Not by assignment, which would reach the components of the whole node.
    const transport = create(Object.create(components, {randomWalk: {value: NO_WALK}}));
    assert('onStop' in transport, 'the relay transport takes stop streams');
    assert('reservationStore' in transport, 'the relay transport has a store of places');
    const {onStop, reservationStore} = transport;
    assert(typeof onStop === 'function', 'onStop is a method');
    assert(typeof reservationStore === 'object' && reservationStore !== null, 'it is an object');
    assert('addRelay' in reservationStore, 'the store takes relays');
    const {addRelay} = reservationStore;
    assert(typeof addRelay === 'function', 'addRelay is a method');
    Object.assign(reservationStore, {
      addRelay: async (relay: PeerId, ...rest: unknown[]): Promise<unknown> => {
        if (!isNamed(relay))
          throw new Error(`The bootstrap does not name relay "${relay.toString()}"`);
        return await addRelay.call(reservationStore, relay, ...rest);
      },
    });
    Object.assign(transport, {
      onStop: async (stream: Stream, connection: Connection): Promise<void> => {
        if (!isNamed(connection.remotePeer) || !isDirectConnection(connection)) {
          stream.abort(new Error('Only named servers relay'));
          return;
        }
        onVisit(stream);
        await onStop.call(transport, stream, connection);
      },
    });
    return transport;
  };
}
