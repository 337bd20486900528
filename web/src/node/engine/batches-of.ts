import type {ShardStep} from './shard-runner.ts';

type Batch = readonly [ShardStep, ...ShardStep[]];

/**
 * Steps that follow each other and can run as one: one token each, of different sessions, through the
 * same layers. A prompt keeps the engine busy by itself, and would hold up the others.
 */
export function batchesOf(steps: readonly ShardStep[], mostSessions: number): readonly Batch[] {
  const batches: [ShardStep, ...ShardStep[]][] = [];
  for (const step of steps) {
    const batch = batches.at(-1);
    if (batch !== undefined && batch.length < mostSessions && fits(batch, step)) batch.push(step);
    else batches.push([step]);
  }
  return batches;
}

function fits(batch: readonly ShardStep[], step: ShardStep): boolean {
  return batch.every(
    ({sessionId, tokenCount, range}) =>
      tokenCount === 1 &&
      step.tokenCount === 1 &&
      sessionId !== step.sessionId &&
      range.startLayer === step.range.startLayer &&
      range.endLayer === step.range.endLayer,
  );
}
