import type {LinkPath} from '../../../web/src/node/swarm/libp2p-node/read-link-paths.ts';

/** What a transport call came to, in a form that leaves the page. */
export type Outcome =
  | {readonly kind: 'done'; readonly value: number; readonly traffic: readonly Traffic[]}
  | {readonly kind: 'refused'; readonly detail: {readonly code: string}; readonly sentence: string}
  | {readonly kind: 'failed'; readonly reason: unknown};

export type Traffic = {
  readonly peerId: string;
  readonly sentBytes: number;
  readonly sentFrames: number;
  readonly receivedBytes: number;
  readonly receivedFrames: number;
  readonly violations: number;
};

export type Call = {
  readonly id: number;
  readonly method: 'connect' | 'awaitLink' | 'send' | 'measureRtt';
  readonly to: string;
  /** Base64. */
  readonly frame: string;
};

/** What is sent, and sent back, so many times. */
export type EchoPlan = {
  readonly count: number;
  readonly bytes: number;
  /** Before the next one. */
  readonly pauseMs: number;
};

/** `globalThis.weftNet` of the network test page. */
export type NetworkControl = {
  /** Starts the node, the directory and the publisher. */
  join(): Promise<{readonly peerId: string; readonly joinMs: number; readonly isIsolated: boolean}>;
  listed(): {readonly peerIds: readonly string[]; readonly state: string};
  serverId(): string;
  openTransport(): Promise<void>;
  call(call: Call): Promise<Outcome>;
  abort(id: number, reason: string): void;
  cut(): void;
  closeTransport(): Promise<void>;
  links(): Promise<readonly LinkPath[]>;
  /** Sends `frameCount` frames one after the other; resolves when `to` has confirmed the last. */
  blast(options: {
    readonly to: string;
    readonly frameCount: number;
    readonly frameBytes: number;
  }): Promise<{readonly elapsedMs: number}>;
  /** Opens a transport that sends every frame back. */
  echoFrames(): Promise<void>;
  /** Opens a transport, and sends frames to such a one. @returns how long each was away, in ms. */
  timeEchoes(to: string, plan: EchoPlan): Promise<readonly number[]>;
  /** A data channel without Weft: its offer, or its answer to one. */
  describeBare(offer?: string): Promise<string>;
  acceptBare(answer: string): Promise<void>;
  echoBare(bytes: number): void;
  timeBareEchoes(plan: EchoPlan): Promise<readonly number[]>;
  /** Says goodbye and stops the node. */
  leave(): Promise<void>;
};

/** Called by the page for what happens in it; installed by the test. */
export type NetworkEvents = {
  weftFrame(from: string, frame: string, traffic: readonly Traffic[]): Promise<void>;
  weftLost(peerId: string, loss: string): Promise<void>;
};
