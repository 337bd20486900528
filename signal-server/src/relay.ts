import {
  circuitRelayServer,
  RELAY_V2_HOP_CODEC,
  RELAY_V2_STOP_CODEC,
  type CircuitRelayService,
} from '@libp2p/circuit-relay-v2';
import type {Libp2p, Stream} from '@libp2p/interface';

/**
 * The relay carries signaling, nothing else. js-libp2p's defaults fit 15 tabs;
 * the limits on each relayed connection stay, so that no data can live on it.
 */
export function createRelayService(maxTabs: number): ReturnType<typeof circuitRelayServer> {
  return circuitRelayServer({
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
}

export type RelayCounts = {
  /** All bytes that the relay wrote to a peer, handshakes included. */
  readonly relayedBytes: number;
  readonly relayedConnections: number;
};

/** Counts by wrapping `send` of the relay's streams: a `message` listener would steal data from a stream nobody reads yet. */
export function meterRelay(libp2p: Libp2p): () => RelayCounts {
  let relayedBytes = 0;
  let relayedConnections = 0;
  const meter = (stream: Stream) => {
    const send = stream.send.bind(stream);
    stream.send = (data) => {
      relayedBytes += data.byteLength;
      return send(data);
    };
  };
  libp2p.use(RELAY_V2_HOP_CODEC, (stream, connection, next) => {
    meter(stream);
    next(stream, connection);
  });
  libp2p.use(RELAY_V2_STOP_CODEC, (stream, connection, next) => {
    relayedConnections += 1;
    meter(stream);
    next(stream, connection);
  });
  return () => ({relayedBytes, relayedConnections});
}

/** The relay keeps the place of a closed tab until its time is over; tabs come and go faster. */
export function releaseReservationsOfClosedTabs(
  libp2p: Libp2p<{relay: CircuitRelayService}>,
): void {
  libp2p.addEventListener('peer:disconnect', ({detail}) => {
    libp2p.services.relay.reservations.delete(detail);
  });
}
