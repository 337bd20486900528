import type {InferenceSession} from 'onnxruntime-web/wasm';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {notFinite} from '../engine-error.ts';
import {buildCellGraph} from './graph/build-cell-graph.ts';
import type {CellDialect} from './graph/cell-dialect.ts';
import {CELL_IO} from './graph/cell-io.ts';
import {crossBoundary} from '../hidden-state.ts';
import type {OrtEngine} from './ort-engine.ts';
import type {StoredTensors} from './shard-engine.ts';

/** A cell in onnxruntime; what it remembers of a session is the business of its kind of engine. */
export type OrtCell = {
  readonly ort: OrtEngine;
  readonly spec: ModelSpec;
  readonly range: LayerRange;
  readonly session: InferenceSession;
};

/** Builds the graph of a cell, as a kind of engine wants it, and loads it. */
export async function createOrtCell(
  ort: OrtEngine,
  dialect: CellDialect,
  cell: {readonly spec: ModelSpec; readonly range: LayerRange; readonly tensors: StoredTensors},
): Promise<OrtCell> {
  const {spec, range, tensors} = cell;
  const graph = buildCellGraph(spec, range, {tensors, ...dialect});
  const session = await ort.createSession(graph, dialect.keepsResult ? [CELL_IO.result] : []);
  return {ort, spec, range, session};
}

/**
 * The hidden state behind the last of some cells, in place, rounded as its boundary asks for.
 *
 * @param range of these cells.
 * @throws {EngineError} `NOT_FINITE`.
 */
export function crossedBoundary<Values extends Float32Array>(
  range: LayerRange,
  hidden: Values,
): Values {
  if (!crossBoundary(hidden)) throw notFinite(range);
  return hidden;
}
