/** What the page asks of a half that runs at a data channel. */
export type HalfRequest =
  | {readonly kind: 'send'; readonly callId: number; readonly frame: Uint8Array<ArrayBuffer>}
  | {readonly kind: 'measure-rtt'; readonly callId: number}
  /** Nobody waits for this call any more. */
  | {readonly kind: 'give-up'; readonly callId: number}
  /** The page has dealt with a frame. */
  | {readonly kind: 'handled'; readonly frameId: number}
  | {readonly kind: 'end'};

/** What such a half tells the page. */
export type HalfReport =
  /** The channel is open at this end. */
  | {readonly kind: 'opened'}
  | {readonly kind: 'sent'; readonly callId: number}
  /** Nothing of this call was sent. */
  | {readonly kind: 'given-up'; readonly callId: number}
  | {readonly kind: 'measured'; readonly callId: number; readonly rttMs: number}
  | {readonly kind: 'frame'; readonly frameId: number; readonly frame: Uint8Array<ArrayBuffer>}
  | {readonly kind: 'violation'}
  | {readonly kind: 'flood'; readonly why: string}
  | {readonly kind: 'silent'; readonly why: string}
  | {readonly kind: 'ended'; readonly why: string};
