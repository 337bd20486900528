/** How long a link to another tab may take to open: relay, signaling, ICE and handshakes. */
export const CONNECT_TIMEOUT_MS = 15_000;
