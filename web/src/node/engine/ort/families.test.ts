import {afterAll, beforeAll, expect, test, vi} from 'vitest';
import {asSessionId, type SessionId} from '#shared/base/ids.ts';
import {ReferenceForward} from '#shared/lab/reference-forward/reference-forward.ts';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {tinyManifest} from '#shared/testing/tiny-manifest.ts';
import {TINY_FAMILIES} from '#shared/testing/tiny-models/tiny-families.ts';
import {runStep} from '../run-step.ts';
import type {ShardOutput, ShardRunner, ShardStep} from '../shard-runner.ts';
import {openTinyShard} from '../testing/open-tiny-shard.ts';

/** Longer than a window of the tiny families, and than their room for a cache grows by. */
const PROMPT = Array.from({length: 40}, (_, at) => 3 + ((at * 37) % 250));
const SESSIONS = ['a', 'b', 'c'].map(asSessionId);
const SESSION_TOKENS = 48;
/** Where f32 is near the middle of two f16, its rounding is another than that of float64. */
const TOLERANCE = 1e-3;
const COMPARED_LOGITS = 20;

beforeAll(() => void vi.stubGlobal('crossOriginIsolated', false));
afterAll(() => void vi.unstubAllGlobals());

test.each(Object.entries(TINY_FAMILIES))(
  '[GR11] the family %s says what the reference says, in any pieces and company',
  {timeout: 300_000},
  async (_, family) => {
    const file = tinyGguf({seed: 11, family});
    const gguf = await parseGguf(memoryByteSource(file));
    const layerCount = family.shape?.layerCount ?? 4;
    const manifest = await tinyManifest(file, {cutEvery: layerCount});
    const runner = await openTinyShard(file, {manifest, kvTokens: 3 * SESSION_TOKENS});

    const [whole] = await logitsInPieces(runner, PROMPT.length);
    const forward = new ReferenceForward({gguf, file, cutEvery: layerCount});
    let expected = new Float64Array();
    for (const tokenId of PROMPT) expected = Float64Array.from(forward.next(tokenId));
    expect(distance(whole, expected)).toBeLessThan(TOLERANCE);

    for (const pieceTokens of [1, 16, 33]) {
      expect(await logitsInPieces(runner, pieceTokens)).toEqual([whole]);
    }
    expect(await logitsOfSteps(runner, 'together')).toEqual(await logitsOfSteps(runner, 'alone'));
  },
);

/** Of the likeliest tokens. */
function distance(output: ShardOutput | undefined, expected: Float64Array): number {
  if (output?.kind !== 'logits') return Number.NaN;
  const ids = [...output.top.tokenIds.subarray(0, COMPARED_LOGITS)];
  const errors = ids.map((id, at) =>
    Math.abs((output.top.logits[at] ?? Number.NaN) - (expected[id] ?? Number.NaN)),
  );
  return errors.reduce((most, error) => (error > most ? error : most), 0);
}

/** Of the last token of the prompt, which runs piece by piece. */
async function logitsInPieces(
  runner: ShardRunner,
  pieceTokens: number,
): Promise<readonly ShardOutput[]> {
  const [sessionId = asSessionId('')] = SESSIONS;
  return await inSessions(runner, async () => {
    const outputs: ShardOutput[] = [];
    for (let position = 0; position < PROMPT.length; position += pieceTokens) {
      const tokenIds = PROMPT.slice(position, position + pieceTokens);
      outputs.push(await runStep(runner, stepOf(runner, sessionId, {position, tokenIds})));
    }
    return outputs.slice(-1);
  });
}

/** Of three sessions whose prompts are not of one length: one token more each. */
async function logitsOfSteps(
  runner: ShardRunner,
  company: 'together' | 'alone',
): Promise<readonly unknown[]> {
  return await inSessions(runner, async () => {
    const steps: ShardStep[] = [];
    for (const [at, sessionId] of SESSIONS.entries()) {
      const tokenIds = PROMPT.slice(0, [3, 20, 40][at]);
      await runStep(runner, stepOf(runner, sessionId, {position: 0, tokenIds}));
      steps.push(stepOf(runner, sessionId, {position: tokenIds.length, tokenIds: [7 + at]}));
    }
    if (company === 'together') return await runner.run(steps);
    return await Promise.all(steps.map(async (step) => (await runner.run([step]))[0]));
  });
}

async function inSessions<T>(runner: ShardRunner, act: () => Promise<T>): Promise<T> {
  for (const sessionId of SESSIONS) await runner.openSession(sessionId, SESSION_TOKENS);
  try {
    return await act();
  } finally {
    for (const sessionId of SESSIONS) await runner.closeSession(sessionId);
  }
}

function stepOf(
  {range}: ShardRunner,
  sessionId: SessionId,
  {position, tokenIds}: {readonly position: number; readonly tokenIds: readonly number[]},
): ShardStep {
  const input = {kind: 'tokens', tokenIds: Uint32Array.from(tokenIds)} as const;
  return {sessionId, position, tokenCount: tokenIds.length, input, range, output: 'logits'};
}
