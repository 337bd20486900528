import type {ChannelAttack} from './attack-channel.ts';
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
};

/** How frames go: over data channels in a worker, or over libp2p's own streams. */
export type FrameWay = 'channels' | 'streams';

export type TransportChoice = {
  readonly way: FrameWay;
  /** Where frames that come go: to the test, back to the peer that sent them, or nowhere. */
  readonly listener: 'test' | 'sender' | 'nobody';
};

/** `globalThis.weftNet` of the network test page. */
export type NetworkControl = {
  /** Starts the node, the directory and the publisher. */
  join(): Promise<{readonly peerId: string; readonly joinMs: number; readonly isIsolated: boolean}>;
  listed(): {readonly peerIds: readonly string[]; readonly state: string};
  serverId(): string;
  openTransport(choice: TransportChoice): Promise<void>;
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
  /** A data channel without Weft: its offer, or its answer to one. */
  describeBare(offer?: string): Promise<string>;
  acceptBare(answer: string): Promise<void>;
  echoBare(bytes: number): void;
  timeBareEchoes(plan: EchoPlan): Promise<readonly number[]>;
  /** Ms of each frame to a peer that sends it back, one after the other. */
  echoes(options: {
    readonly to: string;
    readonly count: number;
    readonly frameBytes: number;
  }): Promise<readonly number[]>;
  /** Ms of each empty message; one begins at a time, whether or not those before are back. */
  roundTrips(options: {
    readonly to: string;
    readonly count: number;
    readonly everyMs: number;
  }): Promise<readonly number[]>;
  /** The page does nothing else for so long. */
  block(forMs: number): void;
  /** What the worker of the links holds. */
  openHalves(): number;
  /** How many second subflows were begun, asked for by this tab or by a peer. */
  subflows(): number;
  /** Codes of the errors with which that worker was lost. */
  workerLosses(): readonly string[];
  /** Promises that peers have broken, as this tab's transport counts them. */
  violations(): number;
  /** Breaks one promise on a data channel of its own; there is a connection already. */
  attack(options: {readonly to: string; readonly attack: ChannelAttack}): Promise<void>;
  /** Takes its record back, and stays. */
  unlist(): Promise<void>;
  /** Says goodbye and stops the node. */
  leave(): Promise<void>;
};

/** Called by the page for what happens in it; installed by the test. */
export type NetworkEvents = {
  weftFrame(from: string, frame: string, traffic: readonly Traffic[]): Promise<void>;
  weftLost(peerId: string, loss: string): Promise<void>;
};
