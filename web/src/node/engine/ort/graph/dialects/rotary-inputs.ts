import type {ModelSpec} from '#shared/model/model-spec.ts';
import {CELL_IO} from '../cell-io.ts';
import type {GraphBuilder} from '../graph-builder.ts';

/** Rotary tables come from outside: one serves all cells of a shard. */
export function addRotaryInputs(graph: GraphBuilder, spec: ModelSpec): void {
  const shape = ['rotary_rows', spec.headSize / 2];
  graph.input(CELL_IO.rotaryCos, 'f32', shape);
  graph.input(CELL_IO.rotarySin, 'f32', shape);
}
