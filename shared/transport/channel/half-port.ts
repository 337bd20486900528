export type SubflowChannels = {
  readonly channel: RTCDataChannel;
  /** Of the same association. */
  readonly probes: RTCDataChannel;
  /** Of the association of the first subflow; `null` when it has none to spare. */
  readonly firstProbes: RTCDataChannel | null;
};

/** What the page asks of a half that runs at a data channel. */
export type HalfRequest =
  | {readonly kind: 'send'; readonly callId: number; readonly frame: Uint8Array<ArrayBuffer>}
  | {readonly kind: 'measure-rtt'; readonly callId: number}
  /** Nobody waits for this call any more. */
  | {readonly kind: 'give-up'; readonly callId: number}
  /** The page has dealt with a frame. */
  | {readonly kind: 'handled'; readonly frameId: number}
  /** Another way to the same peer. */
  | ({readonly kind: 'add-subflow'} & SubflowChannels)
  /** The peer's end of it is open: use both. */
  | {readonly kind: 'divide'}
  | {readonly kind: 'end'};

/** What such a half tells the page. */
export type HalfReport =
  /** The channel is open at this end. */
  | {readonly kind: 'opened'}
  /** Frames take several round trips: a second subflow would help. */
  | {readonly kind: 'narrow'}
  | {readonly kind: 'subflow-opened'}
  | {readonly kind: 'sent'; readonly callId: number}
  /** Nothing of this call was sent. */
  | {readonly kind: 'given-up'; readonly callId: number}
  | {readonly kind: 'measured'; readonly callId: number; readonly rttMs: number}
  | {readonly kind: 'frame'; readonly frameId: number; readonly frame: Uint8Array<ArrayBuffer>}
  | {readonly kind: 'violation'}
  | {readonly kind: 'flood'; readonly why: string}
  | {readonly kind: 'silent'; readonly why: string}
  | {readonly kind: 'ended'; readonly why: string};
