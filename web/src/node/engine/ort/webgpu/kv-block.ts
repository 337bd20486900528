import type {Tensor} from 'onnxruntime-web/wasm';

/** Keys and values of one layer, each `[rows, kvHeadCount, room, headSize]`, on the GPU. */
export type KvLayer = {
  readonly key: Tensor;
  readonly value: Tensor;
  readonly room: number;
  /** Of positions, at most. */
  readonly mostKept: number;
};

/** Buffers of fixed size of one cell, written in place: a row for each of some sessions. */
export type KvBlock = {
  readonly layers: readonly KvLayer[];
  /** Positions that a row has room for, but for windows. */
  readonly kvTokens: number;
  /** `null`: its session is gone, or has moved. */
  readonly rows: (KvRow | null)[];
  /** How many times in a row fewer than half of the rows stepped. */
  fewSteps: number;
};

/** Where what one cell remembers of one session lies. */
export type KvRow = {
  block: KvBlock;
  /** In its block. */
  index: number;
  /** Positions that the session has reserved. */
  readonly kvTokens: number;
  /** Positions that it holds; what comes behind them is nobody's, and rows that do not step write there. */
  held: number;
  /** Which position lies at the first place, in layers with a window. */
  firstPosition: number;
};

export function isBounded({mostKept}: Pick<KvLayer, 'mostKept'>): boolean {
  return mostKept < Number.POSITIVE_INFINITY;
}
