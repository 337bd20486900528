import type {SessionId} from '#shared/base/ids.ts';
import {runStep} from '../run-step.ts';
import type {ShardOutput, ShardRunner, ShardStep} from '../shard-runner.ts';

/** Token ids from a position on, through a whole model to its logits. */
export function stepOf(
  {range}: ShardRunner,
  sessionId: SessionId,
  {position, tokenIds}: {readonly position: number; readonly tokenIds: readonly number[]},
): ShardStep {
  const input = {kind: 'tokens', tokenIds: Uint32Array.from(tokenIds)} as const;
  return {sessionId, position, tokenCount: tokenIds.length, input, range, output: 'logits'};
}

/** @returns what the last piece of a prompt gives, from position 0 on. */
export async function runPieces(
  runner: ShardRunner,
  sessionId: SessionId,
  {
    tokenIds,
    pieceTokens,
    wholeTokens = 0,
  }: {
    readonly tokenIds: readonly number[];
    readonly pieceTokens: number;
    /** So many come before, in one piece. */
    readonly wholeTokens?: number;
  },
): Promise<ShardOutput> {
  let output: ShardOutput = {kind: 'none'};
  for (let position = 0; position < tokenIds.length;) {
    const length = position < wholeTokens ? wholeTokens : pieceTokens;
    const piece = tokenIds.slice(position, position + length);
    output = await runStep(runner, stepOf(runner, sessionId, {position, tokenIds: piece}));
    position += piece.length;
  }
  return output;
}

/** Opens sessions, and closes them whatever `act` does. */
export async function inSessions<T>(
  runner: ShardRunner,
  {sessionIds, kvTokens}: {readonly sessionIds: readonly SessionId[]; readonly kvTokens: number},
  act: () => Promise<T>,
): Promise<T> {
  for (const sessionId of sessionIds) await runner.openSession(sessionId, kvTokens);
  try {
    return await act();
  } finally {
    for (const sessionId of sessionIds) await runner.closeSession(sessionId);
  }
}
