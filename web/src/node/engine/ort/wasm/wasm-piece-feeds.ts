import type {ModelSpec} from '#shared/model/model-spec.ts';
import {attentionRows, MASKED} from '../graph/dialects/add-attention.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import {rotaryRows, type RotaryTable} from '../graph/rotary-table.ts';
import type {OrtEngine} from '../ort-engine.ts';
import type {Piece, PieceFeeds} from '../shard-engine.ts';

/**
 * How the tokens of a piece are rotated, and which positions each of its rows may look at.
 *
 * Only the piece's own rows of the table go into the engine: a table in each cell's graph
 * would lie in memory once per cell.
 */
export function wasmPieceFeeds(
  ort: OrtEngine,
  {spec, rotary}: {readonly spec: ModelSpec; readonly rotary: RotaryTable},
  piece: Piece,
): PieceFeeds {
  const {position, tokenCount} = piece;
  const totalTokens = position + tokenCount;
  const rows = BigInt64Array.from({length: tokenCount}, (_, at) => BigInt(at));
  const {cos, sin} = rotaryRows(rotary, piece);
  const rotaryShape = [tokenCount, rotary.rowLength];
  const rowCount = attentionRows(spec, tokenCount);
  const rowsPerToken = Math.floor(rowCount / tokenCount);
  const mask = new Float32Array(rowCount * totalTokens);
  for (let row = 0; row < tokenCount * rowsPerToken; row += 1) {
    const firstHidden = position + Math.floor(row / rowsPerToken) + 1;
    mask.fill(MASKED, row * totalTokens + firstHidden, (row + 1) * totalTokens);
  }
  return {
    [CELL_IO.rotaryRows]: ort.i64Tensor(rows, [1, tokenCount]),
    [CELL_IO.rotaryCos]: ort.f32Tensor(cos, rotaryShape),
    [CELL_IO.rotarySin]: ort.f32Tensor(sin, rotaryShape),
    [CELL_IO.mask]: ort.f32Tensor(mask, [1, 1, rowCount, totalTokens]),
    [CELL_IO.ones]: ort.f32Tensor(new Float32Array(totalTokens).fill(1), [totalTokens, 1]),
  };
}
