import {portableExp, portableLog, portableSinCos} from '#shared/portable-math.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';

/**
 * Writes cosines and sines of rotary position embedding, `[positions, headSize / 2]` each.
 *
 * Made of portable functions: the last bit of a table must not depend on the
 * browser, or two browsers would not be of one engine class.
 */
export function fillRotaryTable(
  spec: Pick<ModelSpec, 'ropeBase' | 'headSize'>,
  table: {readonly cos: Float32Array; readonly sin: Float32Array},
): void {
  const half = spec.headSize / 2;
  const logBase = portableLog(spec.ropeBase);
  const frequencies = Array.from({length: half}, (_, i) => portableExp((-i / half) * logBase));
  for (let at = 0; at < table.cos.length; at += 1) {
    const angle = Math.floor(at / half) * (frequencies[at % half] ?? 0);
    const {sin, cos} = portableSinCos(angle);
    table.cos[at] = cos;
    table.sin[at] = sin;
  }
}
