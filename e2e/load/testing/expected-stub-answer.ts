import {asSessionId} from '#shared/base/ids.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {sampleToken} from '#shared/session/sample-token.ts';
import {runStep} from '../../../web/src/node/engine/run-step.ts';
import {createStubShardRunner} from '../../../web/src/node/engine/stub/stub-shard-runner.ts';

/** What a swarm of stubs must answer, by one stub that holds the whole model, without a swarm. */
export async function expectedStubAnswer(input: {
  readonly spec: ModelSpec;
  readonly promptTokenIds: readonly number[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
}): Promise<readonly number[]> {
  const {spec, promptTokenIds, maxTokens, temperature, seed} = input;
  const range = {startLayer: 0, endLayer: spec.layerCount};
  const kvTokens = promptTokenIds.length + maxTokens;
  const runner = createStubShardRunner({
    spec,
    range,
    fixedMsPerLayer: 0,
    msPerTokenLayer: 0,
    kvTokens,
    waitMs: () => Promise.resolve(),
  });
  const sessionId = asSessionId('0000000000000001');
  await runner.openSession(sessionId, kvTokens);
  const tokenIds: number[] = [];
  let piece = promptTokenIds;
  for (let position = 0; tokenIds.length < maxTokens; position += piece.length) {
    if (tokenIds.length > 0) piece = tokenIds.slice(-1);
    const output = await runStep(runner, {
      sessionId,
      position,
      tokenCount: piece.length,
      input: {kind: 'tokens', tokenIds: Uint32Array.from(piece)},
      range,
      output: 'logits',
    });
    if (output.kind !== 'logits') throw new Error('A stub gives what it is asked for');
    const sampling = {temperature, topK: 0, topP: 1, seed, position: position + piece.length};
    const tokenId = sampleToken(output.top, sampling);
    tokenIds.push(tokenId);
    if (spec.endTokenIds.includes(tokenId)) break;
  }
  return tokenIds;
}
