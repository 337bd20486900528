import {portableExp, portableLog, portableSinCos} from '#shared/portable-math.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {CELL_CONSTANTS} from './cell-io.ts';
import type {GraphBuilder} from './graph-builder.ts';

/**
 * Writes cosines and sines of rotary position embedding, `[positions, headSize / 2]` each.
 *
 * Made of portable functions: the last bit of a table must not depend on the
 * browser, or two browsers would not be of one engine class.
 */
export function fillRotaryTable(
  spec: Pick<ModelSpec, 'ropeBase' | 'ropeFactor' | 'headSize'>,
  table: {readonly cos: Float32Array; readonly sin: Float32Array},
): void {
  const half = spec.headSize / 2;
  const factor = spec.ropeFactor ?? 1;
  const logBase = portableLog(spec.ropeBase);
  const frequencies = Array.from({length: half}, (_, i) => portableExp((-i / half) * logBase));
  for (let at = 0; at < table.cos.length; at += 1) {
    const angle = (Math.floor(at / half) / factor) * (frequencies[at % half] ?? 0);
    const {sin, cos} = portableSinCos(angle);
    table.cos[at] = cos;
    table.sin[at] = sin;
  }
}

/** Adds the tables as constants that span the whole context: operators fail on positions beyond. */
export function addRotaryTable(graph: GraphBuilder, spec: ModelSpec): void {
  const shape = [spec.contextTokens, spec.headSize / 2];
  const cos = new Float32Array((spec.contextTokens * spec.headSize) / 2);
  const sin = new Float32Array(cos.length);
  fillRotaryTable(spec, {cos, sin});
  graph.weights(CELL_CONSTANTS.rotaryCos, shape, (values) => {
    values.set(cos);
  });
  graph.weights(CELL_CONSTANTS.rotarySin, shape, (values) => {
    values.set(sin);
  });
}
