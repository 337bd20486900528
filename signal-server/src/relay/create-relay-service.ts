import {AsyncLocalStorage} from 'node:async_hooks';
import {
  circuitRelayServer,
  type CircuitRelayServerComponents,
  type CircuitRelayService,
} from '@libp2p/circuit-relay-v2';
import type {Connection, Libp2p, Stream} from '@libp2p/interface';
import {peerIdFromMultihash} from '@libp2p/peer-id';
import * as Digest from 'multiformats/hashes/digest';
import {assert} from '#shared/base/assert.ts';
import {aroundHop} from './around-hop.ts';
import type {RelayMeter} from './relay-meter.ts';
import type {RelayPlaces} from './relay-places.ts';
import type {RelayedDials} from './relayed-dials.ts';

/**
 * Five times what WebRTC's signaling takes with its handshake and `identify`, about
 * 6 KB. The server reads `duration` as ms, a js-libp2p tab as seconds.
 */
export const RELAYED_CONNECTION_LIMIT = {data: 1n << 15n, duration: 60_000};
/** Status 201 of circuit relay v2, RESOURCE_LIMIT_EXCEEDED, as a message with its length in front. */
const LIMIT_EXCEEDED = Uint8Array.of(5, 0x08, 0x02, 0x28, 0xc9, 0x01);

type Options = {
  readonly meter: RelayMeter;
  readonly places: RelayPlaces;
  readonly dials: RelayedDials;
  /** What a connection's address counts as, as `SourceAddress.key`. */
  readonly sourceKeyOf: (connection: Connection) => string;
};

/** What circuit-relay-v2 4.2.13 hands to its own `handleConnect`. */
type ConnectRequest = {
  readonly stream: {unwrap(): Stream};
  readonly request: {readonly peer?: {readonly id: Uint8Array}};
  readonly connection: Connection;
};

/**
 * The relay is for signaling, nothing else: each connection through it ends
 * after a minute or 32 KiB, and who dials whom how often is `RelayedDials`' affair.
 */
export function createRelayService(
  options: Options,
): (components: CircuitRelayServerComponents) => CircuitRelayService {
  const create = circuitRelayServer({hopTimeout: 15_000});
  return (components) => {
    const relay = create(components);
    assert('reservationStore' in relay, 'the relay has a store of places');
    Object.assign(relay, {reservationStore: options.places});
    guardHops(relay, options);
    return relay;
  };
}

/** Counts what passes, and asks `dials` about each connection that is wanted. */
function guardHops(relay: CircuitRelayService, options: Options): void {
  assert(
    'handleConnect' in relay && typeof relay.handleConnect === 'function',
    'the relay handles requests to connect',
  );
  const {handleConnect} = relay;
  // `handleConnect` is given a reader of the stream, which cannot be taken apart and used again.
  const hopStream = new AsyncLocalStorage<Stream>();
  const connect = async (hop: ConnectRequest, wait: {readonly signal: AbortSignal}) => {
    const target = targetOf(hop);
    const stream = hopStream.getStore();
    if (stream !== undefined && target !== null && options.places.get(target) !== undefined) {
      const isAdmitted = await options.dials.admit({
        source: hop.connection.remotePeer.toString(),
        sourceKey: options.sourceKeyOf(hop.connection),
        target: target.toString(),
        stream,
        signal: wait.signal,
      });
      if (!isAdmitted) return await refuse(hop.stream.unwrap(), wait);
    }
    await handleConnect.call(relay, hop, wait);
  };
  Object.assign(relay, {handleConnect: connect});
  aroundHop(relay, (stream, handle) => {
    options.meter.watchRequest(stream);
    return hopStream.run(stream, handle);
  });
}

async function refuse(stream: Stream, wait: {readonly signal: AbortSignal}): Promise<void> {
  if (stream.status !== 'open') return;
  stream.send(LIMIT_EXCEEDED);
  await stream.close(wait);
}

/** @returns `null` for what is no peer id: the relay itself says so. */
function targetOf({request}: ConnectRequest) {
  if (request.peer === undefined) return null;
  try {
    return peerIdFromMultihash(Digest.decode(request.peer.id));
  } catch {
    return null;
  }
}

/** Places of tabs that have gone are free at once: tabs come and go. */
export function releasePlacesOfClosedTabs(
  libp2p: Libp2p,
  {places, dials}: Pick<Options, 'places' | 'dials'>,
): void {
  libp2p.addEventListener('peer:disconnect', ({detail}) => {
    places.removeReservation(detail);
    dials.forget(detail.toString());
  });
}
