import type {Tensor} from 'onnxruntime-web/wasm';
import {mostInWindow} from '#shared/model/layer-kind.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {attentionFeeds, type Places} from '../attention-feeds.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {rotaryRows, type RotaryTable, type RotaryTables} from '../graph/rotary-table.ts';
import type {OrtEngine} from '../ort-engine.ts';
import type {Batch, BatchFeeds} from '../shard-engine.ts';
import {placeOf, sharedRoom} from './wasm-kv-memory.ts';

/**
 * How the tokens of a batch are rotated, and which positions each of its rows may look at.
 *
 * Only the batch's own rows of the tables go into the engine: a table in each cell's graph
 * would lie in memory once per cell.
 */
export function wasmBatchFeeds(
  ort: OrtEngine,
  {spec, rotary}: {readonly spec: ModelSpec; readonly rotary: RotaryTables},
  batch: Batch,
): BatchFeeds {
  const {positions, tokenCount} = batch;
  const tokens = positions.length * tokenCount;
  const rotaryIds = BigInt64Array.from({length: tokens}, (_, at) => BigInt(at));
  const totals = positions.map((position) => position + tokenCount);
  const placesIn = (mostKept: number): Places => ({
    room: sharedRoom(spec, totals, mostKept),
    mostKept,
  });
  const all = placesIn(Number.POSITIVE_INFINITY);
  const ofWindows = placesIn(mostInWindow(spec));
  const model = rowsOf(ort, rotary.model, batch);
  const window = rotary.window && rowsOf(ort, rotary.window, batch);
  return {
    [CELL_IO.rotaryRows]: ort.i64Tensor(rotaryIds, [positions.length, tokenCount]),
    [CELL_IO.rotaryCos]: model.cos,
    [CELL_IO.rotarySin]: model.sin,
    ...(window && {[CELL_IO.windowCos]: window.cos, [CELL_IO.windowSin]: window.sin}),
    ...attentionFeeds(ort, spec, {batch, all, window: ofWindows}),
    [CELL_IO.places]: placeTensor(ort, spec, {batch, mostKept: all.mostKept}),
    ...(spec.window && {
      [CELL_IO.windowPlaces]: placeTensor(ort, spec, {batch, mostKept: ofWindows.mostKept}),
    }),
  };
}

/** The rows of a table that the tokens of a batch need. */
function rowsOf(
  ort: OrtEngine,
  table: RotaryTable,
  {positions, tokenCount}: Batch,
): {readonly cos: Tensor; readonly sin: Tensor} {
  const {rowLength} = table;
  const valuesPerSession = tokenCount * rowLength;
  const cos = new Float32Array(positions.length * valuesPerSession);
  const sin = new Float32Array(cos.length);
  for (const [at, position] of positions.entries()) {
    const rows = rotaryRows(table, {position, tokenCount});
    cos.set(rows.cos, at * valuesPerSession);
    sin.set(rows.sin, at * valuesPerSession);
  }
  const shape = [positions.length * tokenCount, rowLength];
  return {cos: ort.f32Tensor(cos, shape), sin: ort.f32Tensor(sin, shape)};
}

/** Where the rows of each piece go: by session, head and position. */
function placeTensor(
  ort: OrtEngine,
  {kvHeadCount}: ModelSpec,
  {batch, mostKept}: {readonly batch: Batch; readonly mostKept: number},
): Tensor {
  const {positions, tokenCount} = batch;
  const places: number[] = [];
  for (const [at, position] of positions.entries()) {
    for (let head = 0; head < kvHeadCount; head += 1) {
      for (let token = 0; token < tokenCount; token += 1) {
        places.push(at, head, placeOf(position + token, mostKept));
      }
    }
  }
  const shape = [positions.length, kvHeadCount, tokenCount, 3];
  return ort.i64Tensor(BigInt64Array.from(places, BigInt), shape);
}
