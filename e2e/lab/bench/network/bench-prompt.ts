import {pieceTokensOf} from '#shared/session/generation/state/generation-task.ts';
import {percentile} from '../../../load/report/percentile.ts';
import {greedyRequest} from '../../../swarm/ask.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {spreadOf} from '../bench-line.ts';
import type {Benchmark} from '../benchmark.ts';
import {withFarTabs} from './far-tabs.ts';

/** A home's uplink. */
const CONDITIONS = {delayMs: 10, lossPercent: 0, rateBytesPerSec: 2_000_000};
const PROMPT_TOKENS = 2_048;
const REQUEST = greedyRequest('', {
  prompt: {kind: 'token-ids', tokenIds: Array.from({length: PROMPT_TOKENS}, (_, at) => at % 256)},
  maxNewTokens: 2,
});
/** Of the model of `far-tabs.ts`, in f16. */
const HIDDEN_SIZE = 576;
const TOKEN_BYTES = 2 * HIDDEN_SIZE;
const PIECES = Math.ceil(PROMPT_TOKENS / pieceTokensOf(HIDDEN_SIZE));
/** What a stub declares for ten layers: a part for each piece, and one for each token. */
const HOP_MS = 10 * (0.2 * PIECES + 0.05 * PROMPT_TOKENS);
const ROUNDS = 5;
const MOST_RATIO = 1.3;

/** The first token of a long prompt over three tabs, against the slower of computing it once and sending it once. */
export const benchPrompt: Benchmark = async (context) => {
  await withFarTabs(CONDITIONS, context, async (client) => {
    const tookMs: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) tookMs.push(await timeFirstToken(client));
    const sentMs = (PROMPT_TOKENS * TOKEN_BYTES * 1_000) / CONDITIONS.rateBytesPerSec;
    const against = Math.max(HOP_MS, sentMs);
    const value = percentile(tookMs, 50);
    context.print({
      name: `network: prompt of ${PROMPT_TOKENS} tokens over 3 tabs at ${CONDITIONS.rateBytesPerSec} bytes/s, against the slower of compute and bytes`,
      value,
      unit: 'ms',
      against,
      ratio: value / against,
      floor: MOST_RATIO,
      ...spreadOf(tookMs),
    });
  });
};

/** From when the chain is open. */
async function timeFirstToken(client: Tab): Promise<number> {
  let readyMs = 0;
  let tokenMs = 0;
  await client.ask(REQUEST, {
    onEvent: (event, atUnixMs) => {
      if (event.kind === 'ready') readyMs = atUnixMs;
      if (event.kind === 'token' && tokenMs === 0) tokenMs = atUnixMs;
    },
  });
  return tokenMs - readyMs;
}
