import type {Tensor} from 'onnxruntime-web/wasm';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {CELL_IO} from './graph/cell-io.ts';
import {attentionRows, MASKED} from './graph/dialects/attention-rows.ts';
import type {OrtEngine} from './ort-engine.ts';
import type {Batch, BatchFeeds} from './shard-engine.ts';

/** The caches of layers of one kind. */
export type Places = {
  /** How many positions they have room for, those of the batch among them. */
  readonly room: number;
  /** A position lies at its own place modulo so many; Infinity: at its own. */
  readonly mostKept: number;
  /** Which position of each session lies at the first place, where it is not 0. */
  readonly firstPositions?: readonly number[];
};

/** Which positions each row of a batch may look at, where attention takes a mask. */
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
  const maskOf = (seen: Omit<Seen, 'batch'>) => maskTensor(ort, spec, {batch, ...seen});
  return {
    [CELL_IO.mask]: maskOf({places: all, windowTokens: Number.POSITIVE_INFINITY}),
    ...(spec.window && {
      [CELL_IO.windowMask]: maskOf({places: window, windowTokens: spec.window.tokens}),
    }),
  };
}

type Seen = {readonly batch: Batch; readonly places: Places; readonly windowTokens: number};

function maskTensor(ort: OrtEngine, spec: ModelSpec, seen: Seen): Tensor {
  const {batch, places} = seen;
  const shape = [batch.positions.length, 1, attentionRows(spec, batch.tokenCount), places.room];
  return ort.f32Tensor(maskValues(spec, seen), shape);
}

/** A row sees the tokens up to its own, and of those the last `windowTokens`, its own included. */
function maskValues(spec: ModelSpec, {batch, places, windowTokens}: Seen): Float32Array {
  const {positions, tokenCount} = batch;
  const {room, mostKept, firstPositions = []} = places;
  const rowCount = attentionRows(spec, tokenCount);
  const rowsPerToken = Math.floor(rowCount / tokenCount);
  const mask = new Float32Array(positions.length * rowCount * room);
  for (const [at, position] of positions.entries()) {
    for (let row = 0; row < tokenCount * rowsPerToken; row += 1) {
      const own = mask.subarray((at * rowCount + row) * room).subarray(0, room);
      const end = position + Math.floor(row / rowsPerToken) + 1;
      const start = Math.max(0, end - windowTokens);
      const place = (start - (firstPositions[at] ?? 0)) % mostKept;
      // Beyond the last place the positions go on at the first.
      const straightEnd = Math.min(mostKept, place + end - start);
      own.fill(MASKED);
      own.fill(0, place, straightEnd);
      own.fill(0, 0, end - start - (straightEnd - place));
    }
  }
  return mask;
}
