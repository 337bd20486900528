import type {ModelSpec} from '#shared/model/model-spec.ts';
import {CELL_IO} from '../cell-io.ts';
import type {GraphBuilder} from '../graph-builder.ts';
import {addRotaryRows} from './rotary-inputs.ts';

/** What attention that is made of products shares between the layers of a cell. */
export function addAttentionInputs(graph: GraphBuilder, {window}: ModelSpec): void {
  addRotaryRows(graph);
  graph.input(CELL_IO.mask, 'f32', ['batch', 1, 'rows', 'room']);
  if (window !== undefined) {
    graph.input(CELL_IO.windowMask, 'f32', ['batch', 1, 'rows', 'window_room']);
  }
}
