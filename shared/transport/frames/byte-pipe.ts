/** What comes out of a pipe. */
export type PipeEvents = {
  readonly onBytes: (bytes: Uint8Array) => void;
  /** The peer sent something that no honest peer sends. */
  readonly onNonsense: (what: string) => void;
  /** There is room again. */
  readonly onDrain: () => void;
  /** Once, for whatever reason; nothing comes any more. */
  readonly onClosed: (cause: unknown) => void;
};

/** Bytes in order, both ways, between two peers: what one half of a link is sent over. */
export interface BytePipe {
  /** Called once, before anything is sent. */
  listen(events: PipeEvents): void;
  /**
   * Takes all of `bytes`, which nobody changes any more.
   *
   * @returns whether there is room for more; if not, `onDrain` follows.
   * @throws when the pipe is closing; `onClosed` follows.
   */
  send(bytes: Uint8Array): boolean;
  /** Ends it at once; `onClosed` follows. */
  abort(cause: Error): void;
}
