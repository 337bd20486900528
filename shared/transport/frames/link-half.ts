/** The half of a link that sends frames. */
export interface SendingHalf {
  /**
   * Resolves once the link has all of the frame, whose ownership moves. Rejects with the reason of
   * `signal`, or of the end of the link.
   */
  send(frame: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Round trip of a ping behind what is queued, in ms. */
  measureRtt(signal: AbortSignal): Promise<number>;
  abort(cause: Error): void;
}

/** The half of a link that receives frames. */
export interface ReceivingHalf {
  abort(cause: Error): void;
}

type Ends = {
  /** The peer sent what no honest peer sends; the link ends next. */
  readonly onViolation: () => void;
  /** Called once, when the half ends for any reason. */
  readonly onClosed: (cause: unknown) => void;
};

export type SendingEvents = Ends & {
  /** The peer gives no sign of life any more; the link ends next. */
  readonly onSilent: (cause: Error) => void;
};

export type ReceivingEvents = Ends & {
  /** Settles when the frame has been dealt with; must not reject. */
  readonly onFrame: (frame: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** The violation was a flood: called after `onViolation`. */
  readonly onFlood: (why: string) => void;
};

export type SendingLimits = {
  /** How often the peer gives a sign of life. */
  readonly beatMs: number;
};

export type ReceivingLimits = {
  /** How often to give a sign of life, while frames come. */
  readonly beatMs: number;
  /** A frame whose next byte does not come within this time never will. */
  readonly stallMs: number;
};
