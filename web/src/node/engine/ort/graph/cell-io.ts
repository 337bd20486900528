import {isWindowed} from '#shared/model/layer-kind.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';

/** Names and shapes of a cell's inputs and outputs; f32 by default. */
export const CELL_IO = {
  /** In: `[batch, tokens, hiddenSize]`. */
  hidden: 'hidden',
  /** In, i64: the row of the rotary tables for each token, `[batch, tokens]`, or for each of its heads, `[batch, tokens · heads]`. */
  rotaryRows: 'rotary_rows',
  /** In: `[rows, turnedSize / 2]`; by position where the engine takes rows by position itself. */
  rotaryCos: 'rotary_cos',
  rotarySin: 'rotary_sin',
  /** In: the same for layers with a window, where these turn by a base of their own. */
  windowCos: 'window_cos',
  windowSin: 'window_sin',
  /**
   * In: `[batch, 1, rows, room]`, added to attention's scores: 0 where a row may
   * look, `MASKED` where not. How many rows a piece has: `attentionRows`.
   */
  mask: 'mask',
  /** In, i64: `[batch, tokens, kvHeadCount, 3]`, the place of each row of a piece in `past`. */
  places: 'places',
  /** In: the same two for layers with a window, which may have less room. */
  windowMask: 'window_mask',
  windowPlaces: 'window_places',
  /** In, i64: `[3]`, the shape of what a cell has of each token: batch, tokens, and -1 for its size. */
  tokenShape: 'token_shape',
  /** In, i32: `[batch]`, the last position of the piece. */
  lastPosition: 'last_position',
  /** In, i32: `[1]`, tokens in the cache with the piece. */
  totalTokens: 'total_tokens',
  /** In: the same two for layers with a window, counted from the first position that they hold. */
  windowLastPosition: 'window_last_position',
  windowTotalTokens: 'window_total_tokens',
  /** Out: `[batch, tokens, hiddenSize]`. */
  result: 'result',
  /**
   * Keys and values, `[batch, kvHeadCount, room, headSize]`: `past` in, which has room for the piece; out
   * `present`, which is `past` with the piece, or `piece`, the piece alone, `[batch, tokens, kvHeadCount, headSize]`.
   */
  pastKey: (layer: number) => `past_key.${layer}`,
  pastValue: (layer: number) => `past_value.${layer}`,
  presentKey: (layer: number) => `present_key.${layer}`,
  presentValue: (layer: number) => `present_value.${layer}`,
  pieceKey: (layer: number) => `piece_key.${layer}`,
  pieceValue: (layer: number) => `piece_value.${layer}`,
} as const;

/** What the attention of a layer is given. */
type AttentionInputs = Readonly<
  Record<'mask' | 'places' | 'room' | 'lastPosition' | 'totalTokens', string>
>;

const ALL: AttentionInputs = {
  mask: CELL_IO.mask,
  places: CELL_IO.places,
  lastPosition: CELL_IO.lastPosition,
  totalTokens: CELL_IO.totalTokens,
  room: 'room',
};
const WINDOW: AttentionInputs = {
  mask: CELL_IO.windowMask,
  places: CELL_IO.windowPlaces,
  lastPosition: CELL_IO.windowLastPosition,
  totalTokens: CELL_IO.windowTotalTokens,
  room: 'window_room',
};

/** Of a layer: what it sees, and where its pieces go. */
export function attentionInputsOf(spec: Pick<ModelSpec, 'window'>, layer: number): AttentionInputs {
  return isWindowed(spec, layer) ? WINDOW : ALL;
}
