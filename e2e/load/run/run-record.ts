import type {TabEvent, TabEventLevel} from '../../../web/src/ports/tab-event.ts';
import type {ChainHop, ServedHop, TokenLogprob} from '#shared/client/chat/chat-service.ts';

/**
 * What was seen in one run of a scenario. All times: ms since the run began,
 * when server and browser were up and the first tab was opened.
 */
export type RunRecord = {
  /** When the run began: Unix time, with fractions. */
  readonly beganAtUnixMs: number;
  readonly requests: readonly RequestRecord[];
  readonly nodes: readonly NodeObservation[];
  readonly events: readonly RunEvent[];
  readonly tabEvents: readonly HeardTabEvent[];
  /** When enough chains were there; `null` when they never were. */
  readonly coverageMs: number | null;
};

export type RequestRecord = {
  readonly id: number;
  /** The prompt as the scenario has it; what is no text is JSON. */
  readonly prompt: string;
  readonly client: number;
  readonly askedAtMs: number;
  readonly endedAtMs: number;
  readonly promptTokenIds: readonly number[];
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly tokenAtMs: readonly number[];
  readonly topLogprobs: readonly (readonly TokenLogprob[])[];
  readonly finishReason: 'stop' | 'length' | null;
  readonly chains: readonly (readonly ChainHop[])[];
  readonly recoveries: readonly Recovery[];
  /** Sessions that the answer ran in; it keeps its own from chain to chain. */
  readonly sessionIds: readonly string[];
  /** Of the last chain, when it was chosen; `null` when there was none. */
  readonly predictedStepMs: number | null;
  /** What the hops of the last chain say that they took. */
  readonly served: readonly ServedHop[];
  readonly error: RequestError | null;
};

export type RequestError = {readonly code: string; readonly message: string};

/** A pause in which other hops took over; its parts are one after the other. */
export type Recovery = {
  /** Tokens that the reader had. */
  readonly atToken: number;
  readonly cause: string;
  /** From the last token before to the first after. */
  readonly pauseMs: number;
  /** Until the client knew of the loss. */
  readonly detectMs: number;
  /** Until another chain was ready. */
  readonly reopenMs: number;
  /** Until its hops had what they lacked, and the next token came. */
  readonly replayMs: number;
  readonly replayedTokens: number;
  readonly replayedLayers: number;
};

/** A lending tab. An empty range: it held no layers when it was last seen. */
export type NodeObservation = {
  readonly id: string;
  readonly tab: number;
  readonly engine: string;
  readonly startLayer: number;
  readonly endLayer: number;
  readonly joinedMs: number | null;
  readonly servingMs: number | null;
  readonly servedTokens: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** All layers that it loaded in the run, those that it dropped again included. */
  readonly loadedLayers: number;
  readonly sessions: readonly HopSession[];
};

/** What one hop sent to the next for one session: activations, with frame headers, as counted at the transport. */
export type HopSession = {
  readonly sessionId: string;
  readonly prefillTokens: number;
  readonly prefillBytes: number;
  readonly decodeTokens: number;
  readonly decodeBytes: number;
};

/** What a tab reported about its own life, and which: a lending tab or a client, by its place in the scenario. */
export type HeardTabEvent = {
  readonly atMs: number;
  readonly tab: `lender-${number}` | `client-${number}`;
  readonly level: TabEventLevel;
} & TabEvent;

/** Something that happened, for the person who reads the report; `kind` decides what else is there. */
export type RunEvent = {
  readonly atMs: number;
  readonly kind:
    | 'tab-joined'
    | 'tab-serving'
    /** It runs on the CPU although a GPU was requested; the reason is given. */
    | 'tab-without-gpu'
    | 'tab-failed'
    | 'tab-closed'
    | 'tab-thawed'
    | 'server-back'
    | 'server-not-back'
    | 'link-healed'
    /** What became of the packets between tabs; only where they passed a proxy. */
    | 'packets'
    | 'tab-replaced'
    | 'covered'
    | 'not-covered'
    /** By the records that a tab which only looks on has read, before a request is asked. */
    | 'held'
    | 'load-begins'
    | 'request-asked'
    | 'request-waiting'
    | 'request-chain'
    | 'request-ready'
    | 'request-lost-hop'
    | 'request-completed'
    | 'request-failed'
    | 'fault'
    | 'fault-skipped'
    | 'reference-failed'
    | 'timeout';
  readonly [fact: string]: unknown;
};
