import type {ModelSpec} from '#shared/model/model-spec.ts';
import {attentionRows, MASKED} from '../graph/add-attention.ts';
import {CELL_IO} from '../graph/cell-io.ts';
import type {OrtEngine} from '../ort-engine.ts';
import type {Piece, PieceFeeds} from '../shard-engine.ts';

/** Positions of a piece, and which positions each of its rows may look at. */
export function wasmPieceFeeds(ort: OrtEngine, spec: ModelSpec, piece: Piece): PieceFeeds {
  const {position, tokenCount} = piece;
  const totalTokens = position + tokenCount;
  const positions = BigInt64Array.from({length: tokenCount}, (_, at) => BigInt(position + at));
  const rowCount = attentionRows(spec, tokenCount);
  const rowsPerToken = Math.floor(rowCount / tokenCount);
  const mask = new Float32Array(rowCount * totalTokens);
  for (let row = 0; row < tokenCount * rowsPerToken; row += 1) {
    const firstHidden = position + Math.floor(row / rowsPerToken) + 1;
    mask.fill(MASKED, row * totalTokens + firstHidden, (row + 1) * totalTokens);
  }
  return {
    [CELL_IO.positions]: ort.i64Tensor(positions, [1, tokenCount]),
    [CELL_IO.mask]: ort.f32Tensor(mask, [1, 1, rowCount, totalTokens]),
    [CELL_IO.ones]: ort.f32Tensor(new Float32Array(totalTokens).fill(1), [totalTokens, 1]),
  };
}
