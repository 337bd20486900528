import {percentile} from '../../../load/report/percentile.ts';
import {askForAnswer, greedyRequest} from '../../../swarm/ask.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {spreadOf} from '../bench-line.ts';
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
    const against = hopsMs + served.length * CONDITIONS.delayMs;
    const oneWaysMs = await readOneWaysMs(lenders);
    const oneWayMs = percentile(oneWaysMs, 50);
    context.print({
      name: `network: one way by the browsers' own checks, against ${CONDITIONS.delayMs} ms`,
      value: oneWayMs,
      unit: 'ms',
      against: CONDITIONS.delayMs,
      ratio: oneWayMs / CONDITIONS.delayMs,
      ...spreadOf(oneWaysMs),
    });
    const value = percentile(stepsMs, 50);
    context.print({
      name: `network: decode step over ${served.length} tabs, ${CONDITIONS.delayMs} ms, ${CONDITIONS.lossPercent} % loss, against hops and ways`,
      value,
      unit: 'ms',
      against,
      ratio: value / against,
      floor: MOST_RATIO,
      ...spreadOf(stepsMs),
    });
  });
};

/** No page delays them: what is more than the proxy's delay is what this machine was busy with. */
async function readOneWaysMs(tabs: readonly Tab[]): Promise<readonly number[]> {
  const links = (await Promise.all(tabs.map((tab) => tab.links()))).flat();
  return links.flatMap(({rttMs}) => (rttMs === null ? [] : [rttMs / 2]));
}
