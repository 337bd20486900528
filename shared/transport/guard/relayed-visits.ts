import type {Connection, Stream} from '@libp2p/interface';
import {asPeerId, type PeerId} from '../../base/ids.ts';
import {isDirectConnection} from '../direct-path.ts';

const MAX_VISITS_PER_PEER = 2;

type Visit = {
  readonly stream: Stream;
  /** `null` until the visitor has shown who it is. */
  peer: PeerId | null;
  readonly timer: ReturnType<typeof setTimeout>;
};

type Options = {
  /** Peers with a record, and those that this node has or had a link to. */
  readonly isKnown: (peer: PeerId) => boolean;
  readonly maxVisits: number;
  readonly visitMs: number;
};

/**
 * The relayed connections at the tab that was dialled, by the relay's streams
 * under them: from the first byte on, so that who never finishes its handshake
 * counts too. They are used for the signaling of WebRTC, so each one is over after
 * seconds, each peer has few, and where there are too many the oldest stranger
 * gives way: the latest arrival is the one that has yet to be answered.
 */
export class RelayedVisits {
  readonly #options: Options;
  /** Oldest first. */
  readonly #visits = new Map<Stream, Visit>();

  constructor(options: Options) {
    this.#options = options;
  }

  get count(): number {
    return this.#visits.size;
  }

  admit(stream: Stream): void {
    if (this.#visits.size >= this.#options.maxVisits) this.#sendAway();
    const timer = setTimeout(
      () => end(stream, 'A relayed connection was open for too long'),
      this.#options.visitMs,
    );
    this.#visits.set(stream, {stream, peer: null, timer});
    stream.addEventListener('close', () => {
      clearTimeout(timer);
      this.#visits.delete(stream);
    });
  }

  /** Notes which connection uses which stream; of one peer the older ones end. */
  opened(connection: Connection): void {
    if (isDirectConnection(connection) || connection.direction === 'outbound') return;
    const stream = streamUnder(connection);
    const visit = stream === null ? undefined : this.#visits.get(stream);
    if (visit === undefined) return;
    visit.peer = asPeerId(connection.remotePeer.toString());
    const own = [...this.#visits.values()].filter(({peer}) => peer === visit.peer);
    for (const older of own.slice(0, -MAX_VISITS_PER_PEER)) {
      end(older.stream, 'The peer has other relayed connections');
    }
  }

  #sendAway(): void {
    const visits = [...this.#visits.values()];
    const stranger = visits.find(({peer}) => peer === null || !this.#options.isKnown(peer));
    const leaving = stranger ?? visits[0];
    if (leaving !== undefined) end(leaving.stream, 'Too many relayed connections');
  }
}

function end(stream: Stream, why: string): void {
  stream.abort(new Error(why));
}

/** Private in libp2p 3.3 and circuit-relay-v2 4.2: looked for, never relied upon. */
function streamUnder(connection: Connection): Stream | null {
  if (!('maConn' in connection)) return null;
  const {maConn} = connection;
  if (typeof maConn !== 'object' || maConn === null || !('stream' in maConn)) return null;
  return isStream(maConn.stream) ? maConn.stream : null;
}

function isStream(value: unknown): value is Stream {
  return typeof value === 'object' && value !== null && 'abort' in value && 'protocol' in value;
}
