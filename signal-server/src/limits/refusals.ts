/** Why the server ended or refused something of a stranger. */
export const REFUSALS = [
  /** A request that is not HTTP, or whose headers did not arrive in time. */
  'http-broken',
  /** More requests on one socket than it has answers read. */
  'http-pipelined',
  /** A WebSocket that broke the framing rules or sent text. */
  'frame-broken',
  /** A WebSocket that did not finish its libp2p handshake in time. */
  'handshake-late',
  'handshake-failed',
  /** More asked for a handshake than this server can do. */
  'handshake-crowded-out',
  /** The longest silent of the most numerous, when too many sockets wait. */
  'socket-crowded-out',
  /** The least useful, when there are more than twice `MAX_TABS` connections. */
  'connection-crowded-out',
  /** One peer holds more connections than it can use. */
  'connection-of-same-peer',
  /** A peer dials more often than signaling needs. */
  'relayed-dial-too-often',
  /** A tab is dialled faster than it can answer. */
  'relayed-dial-crowded-out',
  'relayed-connection-crowded-out',
] as const;

export type Refusal = (typeof REFUSALS)[number];

/** Counts refusals since the start of the server. */
export class RefusalTally {
  readonly #counts = new Map<Refusal, number>(REFUSALS.map((reason) => [reason, 0]));

  readonly add = (reason: Refusal): void => {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  };

  /** Every reason, those that never occurred too. */
  read(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
