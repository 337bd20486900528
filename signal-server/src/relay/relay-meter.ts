import {RELAY_V2_STOP_CODEC} from '@libp2p/circuit-relay-v2';
import type {Libp2p, Stream} from '@libp2p/interface';

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

  /** The relay's side of one who dials. */
  watchRequest(stream: Stream): void {
    this.#watch(stream);
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
