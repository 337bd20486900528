import {expect, test} from '@playwright/test';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {measureTiny} from '../../load/testing/measure-tiny.ts';
import {log} from '../../swarm/test-log.ts';

/**
 * Three tabs of one size, and two small ones without which there is no second chain. The third is so slow,
 * ten seconds for a step, that it is the last choice though links between tabs look as slow as a busy machine makes
 * them: a client that has asked a good tab once bears three times what an ordinary chain takes (TB9).
 */
const TABS = [
  {count: 2, engine: 'stub', maxLayers: 15},
  {count: 1, engine: 'stub', maxLayers: 15, slowdown: 4_000},
  {count: 2, engine: 'stub', maxLayers: 10, slowdown: 2},
];
const SLOW = 2;

test('[SW8] of 5 tabs the slow one gets fewer layers than those of its size, and answers go to its faster replica', async () => {
  const gguf = tinyGguf({seed: 1, shape: {layerCount: 30, hiddenSize: 64}});
  const requests = {prompts: ['hello world', 'because'], count: 4, maxTokens: 16};
  const {report, isGood} = await measureTiny(gguf, {
    tabs: TABS,
    waitForChains: 2,
    timeoutMs: 300_000,
    requests,
  });
  expect(isGood).toBe(true);
  expect(report.summary.coverageMs).not.toBeNull();
  const layersOf = (tab: number): number => {
    const node = report.nodes.find((each) => each.tab === tab);
    return (node?.endLayer ?? 0) - (node?.startLayer ?? 0);
  };
  log(
    report.nodes
      .map(
        ({tab, startLayer, endLayer, servedTokens}) =>
          `${tab}: ${startLayer}–${endLayer}, ${servedTokens}`,
      )
      .join('; '),
  );
  for (const {chains} of report.requests) log(JSON.stringify(chains));
  expect(layersOf(SLOW)).toBeGreaterThan(0);
  for (const fast of [0, 1]) expect(layersOf(SLOW)).toBeLessThan(layersOf(fast));
  const slow = report.nodes.find(({tab}) => tab === SLOW);
  const replicas = report.nodes.filter(
    ({tab, startLayer, endLayer}) =>
      tab !== SLOW && startLayer < (slow?.endLayer ?? 0) && endLayer > (slow?.startLayer ?? 0),
  );
  // Where a busy machine makes fast tabs miss each other, an answer may begin at the slow one.
  const mostServed = Math.max(...replicas.map(({servedTokens}) => servedTokens));
  expect(slow?.servedTokens).toBeLessThan(mostServed / 2);
  const isSlow = ({node}: {readonly node: string}) => node === slow?.id;
  const slowed = report.requests.filter(({chains}) => chains.at(-1)?.some(isSlow));
  expect(slowed.length).toBeLessThan(report.requests.length / 2);
});
