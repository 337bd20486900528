/** Types of `/client.js`: asks a swarm of browser tabs. */

export type WeftMessage = {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
};

export type WeftOptions = {
  /** Address of the signal server with its scheme, which may have a path; by default, where this module came from. */
  readonly server?: string;
  /** An id of the server's catalogue; by default, its first model. */
  readonly model?: string;
};

export type AskOptions = {
  /** Ends the answer, and what any tab does for it. */
  readonly signal?: AbortSignal;
  /** The longest answer; 512 by default. */
  readonly maxTokens?: number;
  /** From 0, always the likeliest token, to 2; 0.7 by default. */
  readonly temperature?: number;
  /** From 0 to 1; 0.95 by default. */
  readonly topP?: number;
  /** Any whole number: with the same one, a question has the same answer; by default, each has another. */
  readonly seed?: number;
};

export interface Weft {
  /**
   * The answer, piece by piece as it comes. It ends when the reader stops. In a page, the tab asks the
   * swarm itself; where there is no WebRTC, as in Node.js, the server asks in its place.
   *
   * @throws {WeftError} with a sentence for people, and a code.
   */
  chat(messages: readonly WeftMessage[], options?: AskOptions): AsyncIterable<string>;
  /** Ends its answers with the code `CLOSED`, and leaves the swarm; the next question joins it again. */
  close(): void;
}

/** What went wrong: `detail.code` is for programs, `message` for people. */
export interface WeftError extends Error {
  readonly detail: {readonly code: string};
}

/**
 * Loads nothing, and joins no swarm, before the first question.
 *
 * @throws {WeftError} `SERVER_INVALID` for an address that is none or has a user in it, and where none is given and this module came from
 *   no server; `INVALID_VALUE` and `UNSUPPORTED_PARAMETER` for other options.
 */
export declare function createWeft(options?: WeftOptions): Weft;
