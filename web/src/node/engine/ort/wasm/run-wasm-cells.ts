import {assert} from '#shared/base/assert.ts';
import type {ShardEngine} from '../shard-engine.ts';
import type {WasmCell} from './wasm-cell.ts';
import type {WasmKv} from './wasm-kv-memory.ts';

/** One cell after the other, each from what came out of the one before it. */
export const runWasmCells: ShardEngine<WasmKv, WasmCell>['runCells'] = async (
  cells,
  run,
  pasts,
) => {
  let {hidden} = run;
  const kvs: (readonly WasmKv[])[] = [];
  for (const [at, cell] of cells.entries()) {
    const own = pasts[at];
    assert(own !== undefined, 'a cell has caches');
    const ran = await cell.run(hidden, run.feeds, own);
    hidden = ran.hidden;
    kvs.push(ran.kvs);
  }
  return {hidden, kvs};
};
