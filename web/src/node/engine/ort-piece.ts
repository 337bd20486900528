import {Tensor} from 'onnxruntime-web/wasm';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {attentionRows, MASKED} from './graph/add-attention.ts';
import {CELL_IO} from './graph/cell-io.ts';
import {f32Tensor} from './ort-session.ts';

/** What a piece tells every cell besides its hidden state. */
export type PieceFeeds = Readonly<Record<string, Tensor>>;

/** Positions of a piece, and which positions each of its rows may look at. */
export function pieceFeeds(
  spec: ModelSpec,
  piece: {readonly position: number; readonly tokenCount: number},
): PieceFeeds {
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
    [CELL_IO.positions]: new Tensor('int64', positions, [1, tokenCount]),
    [CELL_IO.mask]: f32Tensor(mask, [1, 1, rowCount, totalTokens]),
    [CELL_IO.ones]: f32Tensor(new Float32Array(totalTokens).fill(1), [totalTokens, 1]),
  };
}
