import type {ModelSpec} from '#shared/model/model-spec.ts';
import {CELL_IO} from './graph/cell-io.ts';
import {attentionRows, MASKED} from './graph/dialects/add-attention.ts';
import type {OrtEngine} from './ort-engine.ts';
import type {Batch, BatchFeeds} from './shard-engine.ts';

/**
 * Which positions each row of a batch may look at, where attention is made of products.
 *
 * @param room how many positions the caches have room for, those of the batch among them.
 */
export function attentionFeeds(
  ort: OrtEngine,
  spec: ModelSpec,
  {batch, room}: {readonly batch: Batch; readonly room: number},
): BatchFeeds {
  const shape = [batch.positions.length, 1, attentionRows(spec, batch.tokenCount), room];
  const maskOf = (windowTokens: number) => maskValues(spec, {batch, room, windowTokens});
  return {
    [CELL_IO.mask]: ort.f32Tensor(maskOf(Number.POSITIVE_INFINITY), shape),
    ...(spec.window && {
      [CELL_IO.windowMask]: ort.f32Tensor(maskOf(spec.window.tokens), shape),
    }),
    [CELL_IO.ones]: ort.f32Tensor(new Float32Array(room).fill(1), [room, 1]),
  };
}

/** A row sees the tokens up to its own, and of those the last `windowTokens`, its own included. */
function maskValues(
  spec: ModelSpec,
  {
    batch,
    room,
    windowTokens,
  }: {readonly batch: Batch; readonly room: number; readonly windowTokens: number},
): Float32Array {
  const {positions, tokenCount} = batch;
  const rowCount = attentionRows(spec, tokenCount);
  const rowsPerToken = Math.floor(rowCount / tokenCount);
  const mask = new Float32Array(positions.length * rowCount * room);
  for (const [at, position] of positions.entries()) {
    for (let row = 0; row < tokenCount * rowsPerToken; row += 1) {
      const start = (at * rowCount + row) * room;
      const seenEnd = position + Math.floor(row / rowsPerToken) + 1;
      mask.fill(MASKED, start, start + Math.max(0, seenEnd - windowTokens));
      mask.fill(MASKED, start + seenEnd, start + room);
    }
  }
  return mask;
}
