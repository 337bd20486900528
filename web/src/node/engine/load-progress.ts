import type {KeepNews} from '../../ports/lend-service.ts';

/** How far a shard is, in the order in which a page sees it; weights and graph overlap. */
export type LoadProgress =
  | {readonly kind: 'weights'; readonly bytesDone: number; readonly bytesTotal: number}
  /** Sessions of the engine: one per cell, and one for the LM head. */
  | {readonly kind: 'graph'; readonly cellsDone: number; readonly cellsTotal: number}
  | {readonly kind: 'warm-up'; readonly runsDone: number; readonly runsTotal: number}
  | KeepNews;
