import {rotationOf} from '#shared/model/layer-kind.ts';
import {turnedSize, type ModelSpec} from '#shared/model/model-spec.ts';
import {CELL_IO} from '../cell-io.ts';
import type {GraphBuilder} from '../graph-builder.ts';
import type {LayerBuilder} from '../layer-builder.ts';

const MODEL_TABLE = [CELL_IO.rotaryCos, CELL_IO.rotarySin] as const;
const WINDOW_TABLE = [CELL_IO.windowCos, CELL_IO.windowSin] as const;

/** Rotary tables come from outside: one serves all cells of a shard. */
export function addRotaryInputs(graph: GraphBuilder, spec: ModelSpec): void {
  const shape = ['rotary_rows', turnedSize(spec) / 2];
  const tables =
    spec.window?.ropeBase === undefined ? MODEL_TABLE : [...MODEL_TABLE, ...WINDOW_TABLE];
  for (const table of tables) graph.input(table, 'f32', shape);
}

/** Which row of them each token takes, where the place in a cache does not say its position. */
export function addRotaryRows(graph: GraphBuilder): void {
  graph.input(CELL_IO.rotaryRows, 'i64', ['batch', 'rotated_rows']);
}

/** Cosines and sines for a layer; `null` when it turns nothing. */
export function rotaryInputsOf({
  spec,
  layer,
}: Pick<LayerBuilder, 'spec' | 'layer'>): readonly [string, string] | null {
  const rotation = rotationOf(spec, layer);
  if (rotation === 'none') return null;
  return rotation === 'window' ? WINDOW_TABLE : MODEL_TABLE;
}
