import type {ModelSpec} from '#shared/model/model-spec.ts';
import {attentionRows, MASKED} from '../graph/dialects/add-attention.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {rotaryRows, type RotaryTable} from '../graph/rotary-table.ts';
import type {OrtEngine} from '../ort-engine.ts';
import type {Batch, BatchFeeds} from '../shard-engine.ts';
import {sharedRoom} from './wasm-kv-memory.ts';

/**
 * How the tokens of a batch are rotated, and which positions each of its rows may look at.
 *
 * Only the batch's own rows of the table go into the engine: a table in each cell's graph
 * would lie in memory once per cell.
 */
export function wasmBatchFeeds(
  ort: OrtEngine,
  {spec, rotary}: {readonly spec: ModelSpec; readonly rotary: RotaryTable},
  batch: Batch,
): BatchFeeds {
  const {positions, tokenCount} = batch;
  const sessions = positions.length;
  const {rowLength} = rotary;
  const valuesPerSession = tokenCount * rowLength;
  const cos = new Float32Array(sessions * valuesPerSession);
  const sin = new Float32Array(sessions * valuesPerSession);
  for (const [at, position] of positions.entries()) {
    const rows = rotaryRows(rotary, {position, tokenCount});
    cos.set(rows.cos, at * valuesPerSession);
    sin.set(rows.sin, at * valuesPerSession);
  }
  const rotaryShape = [sessions * tokenCount, rowLength];
  const rotaryIds = BigInt64Array.from({length: sessions * tokenCount}, (_, at) => BigInt(at));
  const {mask, shape} = maskOf(spec, batch);
  const totalTokens = shape.at(-1) ?? 0;
  return {
    [CELL_IO.rotaryRows]: ort.i64Tensor(rotaryIds, [sessions, tokenCount]),
    [CELL_IO.rotaryCos]: ort.f32Tensor(cos, rotaryShape),
    [CELL_IO.rotarySin]: ort.f32Tensor(sin, rotaryShape),
    [CELL_IO.mask]: ort.f32Tensor(mask, shape),
    [CELL_IO.ones]: ort.f32Tensor(new Float32Array(totalTokens).fill(1), [totalTokens, 1]),
  };
}

/** Behind what a session remembers there is room that others of the batch need, then its piece. */
function maskOf(
  spec: ModelSpec,
  {positions, tokenCount}: Batch,
): {readonly mask: Float32Array; readonly shape: readonly number[]} {
  const rowCount = attentionRows(spec, tokenCount);
  const rowsPerToken = Math.floor(rowCount / tokenCount);
  const room = sharedRoom(positions);
  const totalTokens = room + tokenCount;
  const mask = new Float32Array(positions.length * rowCount * totalTokens);
  for (const [at, position] of positions.entries()) {
    for (let row = 0; row < tokenCount * rowsPerToken; row += 1) {
      const start = (at * rowCount + row) * totalTokens;
      mask.fill(MASKED, start + position, start + room);
      const firstHidden = room + Math.floor(row / rowsPerToken) + 1;
      mask.fill(MASKED, start + firstHidden, start + totalTokens);
    }
  }
  return {mask, shape: [positions.length, 1, rowCount, totalTokens]};
}
