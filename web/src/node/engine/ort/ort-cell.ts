import type {InferenceSession} from 'onnxruntime-web/wasm';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {notFinite} from '../engine-error.ts';
import {buildCellGraph} from './graph/build-cell-graph.ts';
import type {CellDialect} from './graph/cell-dialect.ts';
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
  const session = await ort.createSession(buildCellGraph(spec, range, {tensors, ...dialect}));
  return {ort, spec, range, session};
}

/**
 * The hidden state behind a cell, rounded as its boundary asks for.
 *
 * @throws {EngineError} `NOT_FINITE`.
 */
export function resultOf(
  {range}: OrtCell,
  result: Float32Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  if (!crossBoundary(result)) throw notFinite(range);
  return result;
}
