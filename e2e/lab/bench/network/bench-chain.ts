import {percentile} from '../../../load/report/percentile.ts';
import {askForAnswer, greedyRequest} from '../../../swarm/ask.ts';
import type {Tab} from '../../../swarm/tab.ts';
import type {Benchmark} from '../benchmark.ts';
import {withFarTabs} from './far-tabs.ts';

const CONDITIONS = {delayMs: 50, lossPercent: 1, rateBytesPerSec: null};
const TOKENS = 128;
/** What a stub of this model says to it is longer than that. */
const REQUEST = greedyRequest('', {
  prompt: {kind: 'token-ids', tokenIds: [240, 63]},
  maxNewTokens: TOKENS,
});
const MOST_RATIO = 1.06;

/** A decode step over three tabs, against what the hops took and the ways between them. */
export const benchChain: Benchmark = async (context) => {
  await withFarTabs(CONDITIONS, context, async (client, lenders) => {
    await askForAnswer(client, REQUEST);
    const {tokenAtMs, served} = await askForAnswer(client, REQUEST);
    const stepsMs = tokenAtMs.slice(1).map((ms, at) => ms - (tokenAtMs[at] ?? ms));
    const hopsMs = served.reduce((sum, {observedMs}) => sum + observedMs, 0);
    const oneWayMs = await readOneWayMs(lenders);
    context.log(`one way: ${oneWayMs} ms; hops: ${hopsMs} ms`);
    const against = hopsMs + served.length * oneWayMs;
    const value = percentile(stepsMs, 50);
    context.print({
      name: `network: decode step over ${served.length} tabs, ${CONDITIONS.delayMs} ms, ${CONDITIONS.lossPercent} % loss, against hops and ways`,
      value,
      unit: 'ms',
      against,
      ratio: value / against,
      floor: MOST_RATIO,
      n: stepsMs.length,
      min: Math.min(...stepsMs),
      max: Math.max(...stepsMs),
    });
  });
};

/** By the browsers' own checks, which no page delays: a busy machine makes every way longer. */
async function readOneWayMs(tabs: readonly Tab[]): Promise<number> {
  const links = (await Promise.all(tabs.map((tab) => tab.links()))).flat();
  const tripsMs = links.flatMap(({rttMs}) => rttMs ?? []);
  return percentile(tripsMs, 50) / 2;
}
