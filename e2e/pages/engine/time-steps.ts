import {asSessionId} from '#shared/base/ids.ts';
import type {ShardRunner} from '../../../web/src/node/engine/shard-runner.ts';
import {runStep} from '../../../web/src/node/engine/run-step.ts';
import {percentile} from '../../load/report/percentile.ts';

/**
 * What a decode step of so many sessions takes that run as one through a shard, the whole
 * model, each after a prompt: the median, ms.
 */
export async function stepMs(
  runner: ShardRunner,
  asked: {
    readonly sessions: number;
    readonly promptTokens: number;
    readonly rounds: number;
    /** Without the LM head: `hidden`. */
    readonly output?: 'hidden' | 'logits';
  },
): Promise<number> {
  const {promptTokens, rounds, output = 'logits'} = asked;
  const sessionIds = Array.from({length: asked.sessions}, (_, at) => asSessionId(`session-${at}`));
  const prompt = Uint32Array.from({length: promptTokens}, (_, at) => 1_000 + at);
  const {range} = runner;
  for (const sessionId of sessionIds) {
    await runner.openSession(sessionId, promptTokens + rounds);
    const input = {kind: 'tokens', tokenIds: prompt} as const;
    const tokenCount = promptTokens;
    await runStep(runner, {sessionId, position: 0, tokenCount, input, range, output: 'logits'});
  }
  const tookMs: number[] = [];
  for (let position = promptTokens; position < promptTokens + rounds; position += 1) {
    const input = {kind: 'tokens', tokenIds: Uint32Array.of(1_000 + position)} as const;
    const startMs = performance.now();
    await runner.run(
      sessionIds.map((sessionId) => ({
        sessionId,
        position,
        tokenCount: 1,
        input,
        range,
        output,
      })),
    );
    tookMs.push(performance.now() - startMs);
  }
  for (const sessionId of sessionIds) await runner.closeSession(sessionId);
  return percentile(tookMs, 50);
}

/** What a prompt of so many tokens takes, in pieces of 128, up to the first logits, ms. */
export async function promptMs(runner: ShardRunner, promptTokens: number): Promise<number> {
  const {range} = runner;
  const sessionId = asSessionId('prompt');
  await runner.openSession(sessionId, promptTokens);
  try {
    const tokenIds = Uint32Array.from({length: promptTokens}, (_, at) => 1_000 + (at % 1_000));
    const startMs = performance.now();
    await runStep(runner, {
      sessionId,
      position: 0,
      tokenCount: promptTokens,
      input: {kind: 'tokens', tokenIds},
      range,
      output: 'logits',
    });
    return performance.now() - startMs;
  } finally {
    await runner.closeSession(sessionId);
  }
}
