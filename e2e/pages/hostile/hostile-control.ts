import type {LiarTask} from './start-liar.ts';

/** A control message that the hostile peer was sent, and about which session. */
export type ReceivedMessage = {
  readonly from: string;
  readonly sessionId: string;
  readonly kind: string;
  /** Of a `session-failed`. */
  readonly code: string | null;
};

/** Pings as fast as they go; or frames that are announced and never come. */
export type Flood = 'pings' | 'announcements';

/** What went out, and how many links it took. */
export type FloodCount = {readonly sent: number; readonly links: number};

/**
 * `globalThis.weftHostile`: a real libp2p peer of the swarm that sends whatever
 * bytes it is given. What is sent is the test's business.
 */
export type HostileControl = {
  join(options: {readonly manifestHash: string}): Promise<{readonly peerId: string}>;
  /** One more peer: it lends some layers, and lies. */
  startLiar(task: LiarTask): Promise<{readonly peerId: string}>;
  /** Says goodbye and leaves. */
  stopLiar(peerId: string): Promise<void>;
  /** Signs a record of this peer itself: `body` as it is, whatever it says. Base64. */
  sign(key: string, body: string): Promise<string>;
  /** Puts bytes under a DHT key as they are; how many servers stored them. */
  put(key: string, value: string): Promise<{readonly storedCount: number}>;
  /** Peers that this one sees in the directory. */
  listed(): readonly {readonly peerId: string; readonly seq: number}[];
  /** Sends frames (base64), in order; resolves when the peer has taken them all from its link. */
  send(to: string, frames: readonly string[]): Promise<void>;
  /** Announces a frame of this length on the link itself, below all checks of the sender. */
  announce(to: string, frameBytes: number): Promise<void>;
  /** Does this for so long, on one link after the other: each that is ended is made again. */
  flood(to: string, flood: {readonly kind: Flood; readonly forMs: number}): Promise<FloodCount>;
  /** Ends every direct connection to this peer. */
  cut(to: string): Promise<void>;
};
