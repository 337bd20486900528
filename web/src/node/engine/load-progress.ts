/** `full`: the browser gives this site no more storage; `blocked`: it gives this page none. */
export type NotKept = 'full' | 'blocked';

/** What a person should know of the weights on this device. */
export type KeepNews =
  /** They are used from memory, and the next lending fetches them again. */
  | {readonly kind: 'not-kept'; readonly why: NotKept}
  /** What was kept of this tensor had changed, so that its file was fetched again. */
  | {readonly kind: 'kept-damaged'; readonly tensor: string};

/** How far a shard is, in the order in which a page sees it; weights and graph overlap. */
export type LoadProgress =
  | {readonly kind: 'weights'; readonly bytesDone: number; readonly bytesTotal: number}
  /** Sessions of the engine: one per cell, and one for the LM head. */
  | {readonly kind: 'graph'; readonly cellsDone: number; readonly cellsTotal: number}
  | {readonly kind: 'warm-up'; readonly runsDone: number; readonly runsTotal: number}
  | KeepNews;
