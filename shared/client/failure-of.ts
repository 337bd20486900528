import {unreachable} from '#shared/base/assert.ts';
import type {WeftError} from '#shared/base/errors.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import type {Answer, FailureReason} from '#shared/session/generation/state/generation-state.ts';
import type {Refusal} from '#shared/session/generation/state/refusal.ts';
import {GenerationFailedError, type FailureCode} from './generation-failed.ts';
import {LayersLostError} from './layers-lost.ts';
import {PromptTooLongError} from './prompt-too-long.ts';
import {PromptUnknownTokenError} from './prompt-unknown-token.ts';
import {SwarmFullError} from './swarm-full.ts';

/** The error that tells the reader why the answer ended. */
export function failureOf(answer: Answer, reason: FailureReason): WeftError {
  const {promptTokenIds, maxNewTokens, limits, vocabularySize} = answer.task;
  switch (reason.kind) {
    case 'refused':
      if (isOfRequest(reason.refusal)) return new PromptUnknownTokenError(vocabularySize);
      return refusedError(reason.refusal, answer, reason.missing);
    case 'full': {
      const {missing} = reason;
      const cause = causeOf(reason.refusal, answer);
      // After so long without any room, it is no use to ask again sooner than after as long a time.
      return new SwarmFullError({missing, retryAfterMs: limits.patienceMs}, {cause});
    }
    case 'lost': {
      const {missing} = reason;
      const cause = causeOf(reason.refusal, answer);
      return new LayersLostError({missing, tokensShown: answer.tokenIds.length}, {cause});
    }
    case 'too-long':
      return new PromptTooLongError({
        promptTokens: promptTokenIds.length,
        newTokens: maxNewTokens,
        // The last token of an answer is never fed back, and needs no place in a cache.
        mostTokens: reason.mostKvTokens + 1,
      });
    default:
      return unreachable(reason);
  }
}

/** What the client has seen itself before it asked anybody. */
function isOfRequest({code, peerId}: Refusal): boolean {
  return code === 'BAD_PAYLOAD' && peerId === null;
}

function causeOf(refusal: Refusal | null, answer: Answer): GenerationFailedError | null {
  return refusal === null ? null : refusedError(refusal, answer);
}

function refusedError(
  {code, peerId, reportedBy, orElse = [], cause}: Refusal,
  {tokenIds}: Answer,
  missing: readonly MissingLayers[] = [],
): GenerationFailedError {
  const tokensShown = tokenIds.length;
  const isOwnSight = reportedBy === undefined;
  return new GenerationFailedError(
    {code: failureCode(code, tokensShown), peerId, orElse, tokensShown, missing, isOwnSight},
    {cause},
  );
}

/** The client has looked whether the request fits, and a chain that gave a token speaks its version. */
function failureCode(code: RefusalCode, tokensShown: number): FailureCode {
  const isFalse = code === 'PROMPT_TOO_LONG' || (code === 'VERSION_MISMATCH' && tokensShown > 0);
  return isFalse ? 'PEER_LIED' : code;
}
