import {assert} from '#shared/base/assert.ts';
import {crossedBoundary} from '../ort-cell.ts';
import type {ShardEngine} from '../shard-engine.ts';
import type {GpuCell} from './gpu-cell.ts';
import type {GpuKv} from './gpu-kv-memory.ts';
import type {PassedOn} from './passed-on.ts';

/**
 * One cell after the other. What passes between them stays on the GPU, rounded there; what comes
 * back is what leaves the last.
 */
export const runGpuCells: ShardEngine<GpuKv, GpuCell>['runCells'] = async (
  cells,
  {hidden, feeds},
  pasts,
) => {
  const kvs: (readonly GpuKv[])[] = [];
  let input: Float32Array | PassedOn = hidden;
  for (const [at, cell] of cells.entries()) {
    const own = pasts[at];
    assert(own !== undefined, 'a cell has caches');
    const tokenCount = hidden.length / cell.hiddenSize / own.length;
    const output = at === cells.length - 1 ? 'result' : 'passedOn';
    const ran = await cell.run({input, feeds, pasts: own, tokenCount, output});
    if (!(input instanceof Float32Array)) input.tensor.dispose();
    input = ran.output;
    kvs.push(ran.kvs);
  }
  const [first, last] = [cells[0], cells.at(-1)];
  assert(first !== undefined && last !== undefined, 'a step runs through a cell');
  assert(input instanceof Float32Array, 'the last cell gives its result');
  const range = {startLayer: first.range.startLayer, endLayer: last.range.endLayer};
  return {hidden: crossedBoundary(range, input), kvs};
};
