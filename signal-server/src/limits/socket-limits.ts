/** How long and how many sockets may wait. Tests change them. */
export type SocketLimits = {
  /** Of sockets without a connection, and again of sockets with an open response. */
  readonly maxSockets: number;
  /** From a connection, or the first byte of a request, to its last header. */
  readonly headersTimeoutMs: number;
  /** From the upgrade to a libp2p connection. */
  readonly handshakeTimeoutMs: number;
  /** Between two pings of a connection, each of which may take as long: a tab answers two at a time. */
  readonly pingIntervalMs: number;
  /** A connection counts as one to a tab that can be dialled for so long. */
  readonly youngMs: number;
};

/** A browser opens six for the page of each of some hundred tabs that come at once. */
const MIN_SOCKETS = 1_000;

export function defaultSocketLimits(maxTabs: number): SocketLimits {
  return {
    maxSockets: Math.max(MIN_SOCKETS, maxTabs * 2),
    headersTimeoutMs: 10_000,
    handshakeTimeoutMs: 10_000,
    // A crowd that loads its pages on few cores answers nothing for ten seconds, and is there.
    pingIntervalMs: 20_000,
    youngMs: 10_000,
  };
}
