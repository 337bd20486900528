import type {ModelSpec} from '#shared/model/model-spec.ts';
import {CELL_IO} from './graph/cell-io.ts';
import {attentionRows, MASKED} from './graph/dialects/add-attention.ts';
import type {OrtEngine} from './ort-engine.ts';
import type {Batch, BatchFeeds} from './shard-engine.ts';

/** The caches of layers of one kind. */
export type Places = {
  /** How many positions they have room for, those of the batch among them. */
  readonly room: number;
  /** A position lies at its own place modulo so many; Infinity: at its own. */
  readonly mostKept: number;
  /** Which position lies at the first place, where it is not 0. */
  readonly firstPosition?: number;
};

/** Which positions each row of a batch may look at, where attention is made of products. */
export function attentionFeeds(
  ort: OrtEngine,
  spec: ModelSpec,
  {
    batch,
    all,
    window,
  }: {
    readonly batch: Batch;
    readonly all: Places;
    /** Of layers with a window. */
    readonly window: Places;
  },
): BatchFeeds {
  const feeds = feedsOf(ort, spec, {batch, places: all, windowTokens: Number.POSITIVE_INFINITY});
  const ofAll = {[CELL_IO.mask]: feeds.mask, [CELL_IO.ones]: feeds.ones};
  if (spec.window === undefined) return ofAll;
  const {tokens: windowTokens} = spec.window;
  const inWindow = feedsOf(ort, spec, {batch, places: window, windowTokens});
  return {
    ...ofAll,
    [CELL_IO.windowMask]: inWindow.mask,
    [CELL_IO.windowOnes]: inWindow.ones,
  };
}

type Seen = {readonly batch: Batch; readonly places: Places; readonly windowTokens: number};

function feedsOf(ort: OrtEngine, spec: ModelSpec, seen: Seen) {
  const {batch, places} = seen;
  const {room} = places;
  const shape = [batch.positions.length, 1, attentionRows(spec, batch.tokenCount), room];
  return {
    mask: ort.f32Tensor(maskValues(spec, seen), shape),
    ones: ort.f32Tensor(new Float32Array(room).fill(1), [room, 1]),
  };
}

/** A row sees the tokens up to its own, and of those the last `windowTokens`, its own included. */
function maskValues(spec: ModelSpec, {batch, places, windowTokens}: Seen): Float32Array {
  const {positions, tokenCount} = batch;
  const {room, mostKept, firstPosition = 0} = places;
  const rowCount = attentionRows(spec, tokenCount);
  const rowsPerToken = Math.floor(rowCount / tokenCount);
  const mask = new Float32Array(positions.length * rowCount * room);
  for (const [at, position] of positions.entries()) {
    for (let row = 0; row < tokenCount * rowsPerToken; row += 1) {
      const own = mask.subarray((at * rowCount + row) * room).subarray(0, room);
      const end = position + Math.floor(row / rowsPerToken) + 1;
      const start = Math.max(0, end - windowTokens);
      const place = (start - firstPosition) % mostKept;
      // Beyond the last place the positions go on at the first.
      const straightEnd = Math.min(mostKept, place + end - start);
      own.fill(MASKED);
      own.fill(0, place, straightEnd);
      own.fill(0, 0, end - start - (straightEnd - place));
    }
  }
  return mask;
}
