import type {RelayReservation} from '@libp2p/circuit-relay-v2';
import type {PeerId} from '@libp2p/interface';
import type {Multiaddr} from '@multiformats/multiaddr';

type Limit = NonNullable<RelayReservation['limit']>;

/**
 * The last second of the year 9999, in Unix seconds.
 *
 * A tab compares this with its own wall clock (circuit-relay-v2 4.2.13,
 * `transport/reservation-store.ts`). Were it near, a tab whose clock is ahead
 * would see a place that is over, fail to tag the relay with a negative lifetime
 * and have no address. A place needs no renewal: it ends with the connection,
 * which both sides notice. The tab cuts the timer of its renewal to 2^31 - 1 ms.
 */
const EXPIRES_AT_UNIX_SECONDS = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/**
 * The places of the relay: the tabs that it can be asked to dial. A place begins with a
 * reservation and ends when the last connection of its peer does; renewing it
 * changes nothing. So there are never more places than connections.
 *
 * Why not those of circuit-relay-v2: their `retimeable-signal` 1.0.1 cannot take
 * back a `reset`, so that a place of 15 minutes that is renewed at 10 is deleted
 * at 25, and nobody can dial that tab until it comes again at 30.
 *
 * Has the shape of circuit-relay-v2's own `ReservationStore`.
 */
export class RelayPlaces {
  readonly #places = new Map<string, RelayReservation>();
  readonly #limit: Limit;

  constructor(options: {readonly limit: Limit}) {
    this.#limit = options.limit;
  }

  get size(): number {
    return this.#places.size;
  }

  reserve(peer: PeerId, addr: Multiaddr): {readonly status: 'OK'; readonly expire: number} {
    const name = peer.toString();
    if (!this.#places.has(name)) {
      const expiry = new Date(EXPIRES_AT_UNIX_SECONDS * 1000);
      this.#places.set(name, {addr, expiry, limit: this.#limit, signal: endableSignal()});
    }
    return {status: 'OK', expire: EXPIRES_AT_UNIX_SECONDS};
  }

  /** Ends the place and the connections that go through it. */
  removeReservation(peer: PeerId): void {
    const place = this.get(peer);
    this.#places.delete(peer.toString());
    place?.signal.reset(0);
  }

  get(peer: PeerId): RelayReservation | undefined {
    return this.#places.get(peer.toString());
  }

  clear(): void {
    this.#places.clear();
  }
}

/** A signal without a timer; `reset` fires it. */
function endableSignal(): RelayReservation['signal'] {
  const ending = new AbortController();
  return Object.assign(ending.signal, {
    reset: () => ending.abort(new Error('The relay place has ended')),
    clear: () => undefined,
  });
}
