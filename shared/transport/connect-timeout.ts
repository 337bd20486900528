/** How long a link to another tab may take to open: relay, signaling, ICE and handshakes. */
export const CONNECT_TIMEOUT_MS = 15_000;

/** How long an answer waits for that: a link opens within a second, on a busy machine within some, and others can be asked. */
export const LINK_WAIT_MS = 8_000;
