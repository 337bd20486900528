import {assert} from '#shared/base/assert.ts';
import type {SessionId} from '#shared/base/ids.ts';
import {cellsOf} from '#shared/model/cut-grid.ts';
import {joinHidden, valuesOf, type HiddenBytes} from '../hidden-state.ts';
import {runStep} from '../run-step.ts';
import type {ShardInput, ShardRunner} from '../shard-runner.ts';

/**
 * Runs a prompt through a whole model cell by cell, in an open session.
 *
 * @param options.pieces token ids, in pieces of which each runs at once.
 * @returns what each cell passes on, `[tokenCount, hiddenSize]`, by the layer behind it.
 */
export async function hiddenBehindCells(
  runner: ShardRunner,
  options: {
    readonly sessionId: SessionId;
    readonly pieces: readonly (readonly number[])[];
    readonly cutEvery: number;
  },
): Promise<ReadonlyMap<number, Float32Array>> {
  const {sessionId, pieces, cutEvery} = options;
  const behind = new Map<number, HiddenBytes[]>();
  let position = 0;
  for (const piece of pieces) {
    const step = {sessionId, position, tokenCount: piece.length, output: 'hidden'} as const;
    let input: ShardInput = {kind: 'tokens', tokenIds: Uint32Array.from(piece)};
    for (const range of cellsOf({layerCount: runner.range.endLayer, cutEvery}, runner.range)) {
      const output = await runStep(runner, {...step, input, range});
      assert(output.kind === 'hidden', 'a cell gives what was asked for');
      behind.set(range.endLayer, [...(behind.get(range.endLayer) ?? []), output]);
      input = output;
    }
    position += piece.length;
  }
  return new Map([...behind].map(([layer, parts]) => [layer, valuesOf(joinHidden(parts))]));
}
