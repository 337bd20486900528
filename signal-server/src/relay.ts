import {
  circuitRelayServer,
  RELAY_V2_STOP_CODEC,
  type CircuitRelayServerComponents,
  type CircuitRelayService,
} from '@libp2p/circuit-relay-v2';
import type {Libp2p, Stream} from '@libp2p/interface';
import {assert} from '#shared/assert.ts';

/**
 * The relay carries signaling, nothing else. js-libp2p's defaults fit 15 tabs;
 * the limits on each relayed connection stay, so that no data can live on it.
 */
export function createRelayService(
  maxTabs: number,
  meter: RelayMeter,
): (components: CircuitRelayServerComponents) => CircuitRelayService {
  const create = circuitRelayServer({
    hopTimeout: 15_000,
    maxOutboundStopStreams: 300,
    reservations: {
      // A reloaded tab holds its old place until the disconnect is noticed.
      maxReservations: maxTabs * 4,
      reservationTtl: 15 * 60_000,
      applyDefaultLimit: true,
      defaultDurationLimit: 2 * 60_000,
      defaultDataLimit: 1n << 17n,
    },
  });
  return (components) => meter.watchRequests(create(components));
}

export type RelayCounts = {
  /** All bytes that the relay wrote to a peer, handshakes included. */
  readonly relayedBytes: number;
  readonly relayedConnections: number;
  /** Those that are open now: while there is none, nothing is relayed. */
  readonly openRelayedConnections: number;
};

/**
 * Counts what the relay forwards, by wrapping `send` of its streams: a
 * `message` listener would take data from a stream that nobody reads yet.
 */
export class RelayMeter {
  #relayedBytes = 0;
  #relayedConnections = 0;
  #openRelayedConnections = 0;

  read(): RelayCounts {
    return {
      relayedBytes: this.#relayedBytes,
      relayedConnections: this.#relayedConnections,
      openRelayedConnections: this.#openRelayedConnections,
    };
  }

  /**
   * The relay's side of those who dial. Not by `libp2p.use`: in libp2p 3.3 each
   * inbound stream adds its handler to the list of middleware for good.
   */
  watchRequests(relay: CircuitRelayService): CircuitRelayService {
    assert('onHop' in relay && typeof relay.onHop === 'function', 'the relay handles hop streams');
    const {onHop} = relay;
    Object.assign(relay, {
      onHop: (stream: Stream, ...rest: unknown[]): unknown => {
        this.#watch(stream);
        return onHop.call(relay, stream, ...rest);
      },
    });
    return relay;
  }

  /** The relay's side of those who are dialled: outbound streams, so middleware works. */
  watchTargets(libp2p: Libp2p): void {
    libp2p.use(RELAY_V2_STOP_CODEC, (stream, connection, next) => {
      this.#relayedConnections += 1;
      this.#openRelayedConnections += 1;
      stream.addEventListener('close', () => {
        this.#openRelayedConnections -= 1;
      });
      this.#watch(stream);
      next(stream, connection);
    });
  }

  #watch(stream: Stream): void {
    const send = stream.send.bind(stream);
    stream.send = (data) => {
      this.#relayedBytes += data.byteLength;
      return send(data);
    };
  }
}

/** The relay keeps the place of a closed tab until its time is over; tabs come and go faster. */
export function releaseReservationsOfClosedTabs(
  libp2p: Libp2p<{relay: CircuitRelayService}>,
): void {
  libp2p.addEventListener('peer:disconnect', ({detail}) => {
    libp2p.services.relay.reservations.delete(detail);
  });
}
