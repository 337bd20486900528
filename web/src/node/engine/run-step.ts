import {assert} from '#shared/base/assert.ts';
import {isRefusal} from './engine-error.ts';
import type {ShardOutput, ShardRunner, ShardStep, StepResult} from './shard-runner.ts';

/**
 * Runs one step alone.
 *
 * @throws {EngineError} with the refusal of the engine, or because it is gone.
 */
export async function runStep(runner: ShardRunner, step: ShardStep): Promise<ShardOutput> {
  const [result] = await runner.run([step]);
  assert(result !== undefined, 'a run says what became of each step');
  if (result.kind === 'refused') throw result.error;
  return result.output;
}

/**
 * Runs steps one after the other, by `run`.
 *
 * @throws whatever `run` throws, except refusals.
 */
export async function runInTurn<Step>(
  steps: readonly Step[],
  run: (step: Step) => Promise<ShardOutput>,
): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) {
    try {
      results.push({kind: 'ran', output: await run(step)});
    } catch (error) {
      if (!isRefusal(error)) throw error;
      results.push({kind: 'refused', error});
    }
  }
  return results;
}
