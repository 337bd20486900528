import type {ModelSpec} from '#shared/model/model-spec.ts';
import {attentionFeeds} from '../attention-feeds.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {fitsOperator} from '../graph/dialects/gpu-attention.ts';
import type {OrtEngine} from '../ort-engine.ts';
import type {Batch, BatchFeeds} from '../shard-engine.ts';

/** Of the buffers in which the rows of a batch lie together. */
export type RowPlaces = {
  /** Positions that a row has room for. */
  readonly room: number;
  /** The same in layers with a window. */
  readonly windowRoom: number;
  /** Which position of each row lies at the first place, in layers with a window. */
  readonly firstPositions: readonly number[];
};

/** Where each row goes on, and what it sees where attention is made of products or has a window. */
export function gpuPlaceFeeds(
  ort: OrtEngine,
  spec: ModelSpec,
  {batch, places}: {readonly batch: Batch; readonly places: RowPlaces},
): BatchFeeds {
  const {positions, tokenCount} = batch;
  const {room, windowRoom, firstPositions} = places;
  const lastPlaces = positions.map((position) => position + tokenCount - 1);
  const lastInWindow = lastPlaces.map((last, at) => last - (firstPositions[at] ?? 0));
  const rows = positions.flatMap((position) =>
    Array.from({length: tokenCount}, (_, at) => BigInt(position + at)),
  );
  const rotaryRows = () => ({
    [CELL_IO.rotaryRows]: ort.i64Tensor(BigInt64Array.from(rows), [positions.length, tokenCount]),
  });
  const last = (each: readonly number[]) => ort.i32Tensor(Int32Array.from(each), [each.length]);
  const total = (each: readonly number[]) =>
    ort.i32Tensor(Int32Array.of(Math.max(...each) + 1), [1]);
  const mostKept = Number.POSITIVE_INFINITY;
  const tokenShape = BigInt64Array.of(BigInt(positions.length), BigInt(tokenCount), -1n);
  return {
    [CELL_IO.tokenShape]: ort.i64Tensor(tokenShape, [3]),
    [CELL_IO.lastPosition]: last(lastPlaces),
    [CELL_IO.totalTokens]: total(lastPlaces),
    ...(spec.window && {
      [CELL_IO.windowLastPosition]: last(lastInWindow),
      [CELL_IO.windowTotalTokens]: total(lastInWindow),
      ...rotaryRows(),
    }),
    ...(!fitsOperator(spec) && {
      ...rotaryRows(),
      ...attentionFeeds(ort, spec, {
        batch,
        all: {room, mostKept},
        window: {room: windowRoom, mostKept, firstPositions},
      }),
    }),
  };
}
