/** So many times the prediction is no fault yet: machines are busy, hidden, or ten times slower than they say. */
const SLOWNESS = 20;
/** Nobody is held to less per token. */
const LEAST_TOKEN_MS = 1_000;
/** A chain that gave no token in the time of so many steps does not deliver at its pace. */
const DELIVERING_STEPS = 3;
/** What comes before the first token is predicted as a whole, and so wrong by less than a single step. */
const PROMPT_SLOWNESS = 3;
/** Each hop links the next one, and makes room. */
const OPENING_MS_PER_HOP = 5_000;

/** By when a chain must be ready. */
export function dueOfOpening(
  hopCount: number,
  {slackMs, nowMs}: {readonly slackMs: number; readonly nowMs: number},
): number {
  return nowMs + slackMs + hopCount * OPENING_MS_PER_HOP;
}

type Pace = {
  /** What one decode step of the chain is predicted to take. */
  readonly stepMs: number;
  readonly slackMs: number;
  readonly nowMs: number;
};

/**
 * By when the first token must be there, or room for the next piece of what comes before it.
 *
 * @param tokenMs what one token of it is predicted to take; the pieces take a step of their own each.
 */
export function dueOfPrompt(
  {
    tokens,
    pieces,
    tokenMs,
  }: {readonly tokens: number; readonly pieces: number; readonly tokenMs: number},
  {stepMs, slackMs, nowMs}: Pace,
): number {
  const promptMs = Math.min(tokens * stepMs, tokens * tokenMs + pieces * stepMs);
  return nowMs + slackMs + perToken(stepMs) + PROMPT_SLOWNESS * promptMs;
}

/**
 * By when the next token must be there. Each one gives the chain its time for one step, and what it
 * does not use is kept, up to the slack: a pause now and then is no fault, a drip is.
 *
 * @param dueMs of the token that has come.
 */
export function dueOfToken(dueMs: number, {stepMs, slackMs, nowMs}: Pace): number {
  return Math.min(Math.max(dueMs, nowMs), nowMs + slackMs) + perToken(stepMs);
}

/**
 * By when the next token must be there of a chain whose head does not answer the client: such a link was silent for
 * seconds before it counted as lost, and a chain without a head has sent nothing meanwhile.
 */
export function dueWithoutHead({
  stepMs,
  tokenAtMs,
}: {
  readonly stepMs: number;
  readonly tokenAtMs: number;
}): number {
  return tokenAtMs + Math.max(LEAST_TOKEN_MS, DELIVERING_STEPS * stepMs);
}

function perToken(stepMs: number): number {
  return Math.max(LEAST_TOKEN_MS, SLOWNESS * stepMs);
}
