import type {Tensor} from 'onnxruntime-web/wasm';
import {mostInWindow} from '#shared/model/layer-kind.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {attentionFeeds, type Places} from '../attention-feeds.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {headsPerToken, turnedPerToken} from '../graph/dialects/turned-heads.ts';
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
  const totals = positions.map((position) => position + tokenCount);
  const placesIn = (mostKept: number): Places => ({
    room: sharedRoom(spec, totals, mostKept),
    mostKept,
  });
  const all = placesIn(Number.POSITIVE_INFINITY);
  const ofWindows = placesIn(mostInWindow(spec));
  const rows = rotaryRowsOfHeads(spec, batch);
  const model = tableTensors(ort, rotary.model, rows);
  const window = rotary.window && tableTensors(ort, rotary.window, rows);
  return {
    [CELL_IO.rotaryRows]: ort.i64Tensor(BigInt64Array.from(rows.keys(), BigInt), [
      positions.length,
      rows.length / positions.length,
    ]),
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

/** For each head of each token of a batch, its row of a table; `null` for those that do not turn, the values. */
function rotaryRowsOfHeads(spec: ModelSpec, {positions, tokenCount}: Batch): (number | null)[] {
  const heads = headsPerToken(spec);
  const turned = turnedPerToken(spec);
  const tokens = positions.flatMap((position) =>
    Array.from({length: tokenCount}, (_, token) => position + token),
  );
  return tokens.flatMap((position) =>
    Array.from({length: heads}, (_, head) => (head < turned ? position : null)),
  );
}

/** So many rows of a table, one after the other: onnxruntime wants at least as many as there are heads to turn. */
function tableTensors(
  ort: OrtEngine,
  table: RotaryTable,
  rows: readonly (number | null)[],
): {readonly cos: Tensor; readonly sin: Tensor} {
  const {rowLength} = table;
  const cos = new Float32Array(rows.length * rowLength).fill(1);
  const sin = new Float32Array(cos.length);
  for (const [at, position] of rows.entries()) {
    if (position === null) continue;
    const row = rotaryRows(table, {position, tokenCount: 1});
    cos.set(row.cos, at * rowLength);
    sin.set(row.sin, at * rowLength);
  }
  const shape = [rows.length, rowLength];
  return {cos: ort.f32Tensor(cos, shape), sin: ort.f32Tensor(sin, shape)};
}

/** Where the rows of each piece go: by session, token and head. */
function placeTensor(
  ort: OrtEngine,
  {kvHeadCount}: ModelSpec,
  {batch, mostKept}: {readonly batch: Batch; readonly mostKept: number},
): Tensor {
  const {positions, tokenCount} = batch;
  const places: number[] = [];
  for (const [at, position] of positions.entries()) {
    for (let token = 0; token < tokenCount; token += 1) {
      const place = placeOf(position + token, mostKept);
      for (let head = 0; head < kvHeadCount; head += 1) places.push(at, head, place);
    }
  }
  const shape = [positions.length, tokenCount, kvHeadCount, 3];
  return ort.i64Tensor(BigInt64Array.from(places, BigInt), shape);
}
