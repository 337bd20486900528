import type {OpenSession, Sampling} from '#shared/protocol/control/open-session.ts';
import {MAX_COUNTED_TOKENS} from '#shared/protocol/control/session-bounds.ts';
import type {TokenMask} from '#shared/protocol/frame/token-mask.ts';

export type TokenBias = {
  /** Tokens to whose logits `values` are added; one that is not in the vocabulary is no matter. */
  readonly tokenIds: Uint32Array;
  readonly values: Float32Array;
  /** The only tokens that may come, at least one; absent: all. */
  readonly allowed?: TokenMask;
};

/** How often each token came in an answer; of its first different ones only, as many as an opening names. */
export class TokenCounts {
  readonly #counts: Map<number, number>;

  /** @param counted of the answer before. */
  constructor(counted: OpenSession['counted'] = []) {
    this.#counts = new Map(counted);
  }

  add(tokenId: number): void {
    const count = this.#counts.get(tokenId);
    if (count === undefined && this.#counts.size >= MAX_COUNTED_TOKENS) return;
    this.#counts.set(tokenId, (count ?? 0) + 1);
  }

  /** In the order in which they came. */
  entries(): readonly (readonly [tokenId: number, count: number])[] {
    return [...this.#counts];
  }
}

/** Whether the tokens of the answer so far have a say in the next one. */
export function hasPenalties({frequencyPenalty = 0, presencePenalty = 0}: Sampling): boolean {
  return frequencyPenalty !== 0 || presencePenalty !== 0;
}

/**
 * What is added to the logits of the next token of an answer; `undefined`: nothing.
 *
 * @param allowed the only tokens that may come; `null`: all.
 */
export function tokenBiasOf(
  sampling: Sampling,
  counts: TokenCounts,
  allowed: TokenMask | null,
): TokenBias | undefined {
  const {logitBias = [], frequencyPenalty = 0, presencePenalty = 0} = sampling;
  const bias = new Map<number, number>();
  const add = (tokenId: number, value: number): void => {
    bias.set(tokenId, (bias.get(tokenId) ?? 0) + value);
  };
  for (const [tokenId, value] of logitBias) add(tokenId, value);
  if (hasPenalties(sampling)) {
    for (const [tokenId, count] of counts.entries()) {
      add(tokenId, -(frequencyPenalty * count + presencePenalty));
    }
  }
  if (bias.size === 0 && allowed === null) return undefined;
  return {
    tokenIds: Uint32Array.from(bias.keys()),
    values: Float32Array.from(bias.values()),
    ...(allowed !== null && {allowed}),
  };
}
