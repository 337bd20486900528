import {assert} from '#shared/base/assert.ts';
import type {PeerId} from '#shared/base/ids.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {CLIENT_HOP, encodeFrame, type Frame} from '#shared/protocol/frame/frame.ts';
import {encodeSampledTokens, type SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import {decodeTokenIds, encodeTokenIds} from '#shared/protocol/frame/token-ids.ts';
import {logprobsOf, sampleToken} from '#shared/session/sample-token.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import type {ShardInput, ShardOutput, ShardRunner} from '../engine/shard-runner.ts';
import type {ServedSession} from './served-session.ts';

export type OutgoingFrame = {readonly to: PeerId; readonly bytes: Uint8Array};

/**
 * Runs one frame through this hop's layers, at the tail through norm and LM head too
 * once the prompt is complete.
 *
 * @throws {EngineLostError} when the engine is gone.
 */
export async function runHopStep(input: {
  readonly session: ServedSession;
  readonly frame: Frame;
  readonly runner: ShardRunner;
}): Promise<ShardOutput> {
  const {session, frame, runner} = input;
  return await runner.run({
    sessionId: session.sessionId,
    position: frame.position,
    tokenCount: frame.tokenCount,
    input: shardInput(frame),
    range: session.range,
    output: session.isTail ? (frame.sample ? 'logits' : 'none') : 'hidden',
  });
}

/**
 * What to send after a step: the hidden state to the next hop; at the tail, once the
 * prompt is complete, the token to the client and, while the answer goes on, to the head.
 */
export function framesAfterStep(input: {
  readonly session: ServedSession;
  readonly frame: Frame;
  readonly output: ShardOutput;
  readonly spec: ModelSpec;
}): readonly OutgoingFrame[] {
  const {session, frame, output, spec} = input;
  if (output.kind === 'none') return [];
  if (output.kind === 'logits') return tokenFrames(session, frame, spec, output.top);
  assert(session.downstream !== null, 'only the tail has no next hop');
  const {dtype, bytes} = output;
  const next = {
    ...frame,
    kind: 'hidden',
    dtype,
    hopIndex: frame.hopIndex + 1,
    payload: bytes,
  } as const;
  return [{to: session.downstream, bytes: encodeFrame(next)}];
}

function shardInput({kind, dtype, payload}: Frame): ShardInput {
  if (kind === 'tokens') return {kind: 'tokens', tokenIds: decodeTokenIds(payload)};
  return {kind: 'hidden', dtype: dtype === 'f32' ? 'f32' : 'f16', bytes: payload};
}

function tokenFrames(
  session: ServedSession,
  frame: Frame,
  spec: ModelSpec,
  top: TopLogits,
): readonly OutgoingFrame[] {
  const {sampling, clientId, hops, promptTokens, maxNewTokens} = session.open;
  const position = frame.position + frame.tokenCount;
  const tokenId = sampleToken(top, {...sampling, position});
  const token: SampledToken = {
    tokenId,
    logprob: logprobOf(top, tokenId),
    top: logprobsOf(top, sampling.topLogprobs),
  };
  const common = {...frame, position, tokenCount: 1, verify: false};
  const toClient = encodeFrame({
    ...common,
    kind: 'sampled',
    dtype: 'none',
    sample: false,
    hopIndex: CLIENT_HOP,
    payload: encodeSampledTokens([token]),
  });
  const isLast = position - promptTokens + 1 >= maxNewTokens;
  const head = hops[0];
  assert(head !== undefined, 'a chain has a head');
  if (isLast || spec.endTokenIds.includes(tokenId)) return [{to: clientId, bytes: toClient}];
  const toHead = encodeFrame({
    ...common,
    kind: 'tokens',
    dtype: 'u32',
    sample: true,
    hopIndex: 0,
    payload: encodeTokenIds([tokenId]),
  });
  // The head waits for this token, the reader only looks at it: the ring goes first.
  return [
    {to: head.peerId, bytes: toHead},
    {to: clientId, bytes: toClient},
  ];
}

function logprobOf(top: TopLogits, tokenId: number): number {
  const index = top.tokenIds.indexOf(tokenId);
  return (top.logits[index] ?? Number.NEGATIVE_INFINITY) - top.logSumExp;
}
