import {setTimeout as wait} from 'node:timers/promises';
import type {Page} from 'playwright';
import {percentile} from '../../../load/report/percentile.ts';
import {UdpProxy} from '../../../network/udp-proxy.ts';
import type {NetworkControl} from '../../../pages/network/network-control.ts';
import {NetworkWorld, type NetworkTab} from '../../../pages/network/network-world.ts';
import type {Benchmark} from '../benchmark.ts';

declare const weftNet: NetworkControl;

/** Tabs on two continents. */
const CONDITIONS = {delayMs: 50, lossPercent: 1, rateBytesPerSec: null};
/** What a hop sends for four to seven tokens of a prompt. */
const FRAME_BYTES = 8_192;
/** The first rounds, in which windows grow, do not count. */
const WARM_UP = 10;
const PLAN = {count: WARM_UP + 200, bytes: FRAME_BYTES, pauseMs: 20};
const MOST_MS = 60;
const MOST_RATIO = 1.1;

/** A frame of 8 KiB from tab to tab, by the product's transport and over a bare data channel. */
export const benchFrames: Benchmark = async ({seed, print, log}) => {
  const proxy = new UdpProxy<Page>(CONDITIONS, seed);
  const world = await NetworkWorld.start(proxy);
  try {
    const [a, b] = [await world.openTab(), await world.openTab()];
    await untilListed(a, b);
    const bare = await timeBare(a, b);
    const frames = await timeFrames(a, b);
    log(`packets: ${JSON.stringify(proxy.counters)}`);
    const against = percentile(bare, 50);
    const value = percentile(frames, 50);
    const name = `network: ${FRAME_BYTES} bytes one way, ${CONDITIONS.delayMs} ms, ${CONDITIONS.lossPercent} % loss`;
    print({name: `${name}, bare data channel`, value: against, ...figures(bare)});
    print({name, value, floor: MOST_MS, ...figures(frames)});
    print({
      name: `${name}, against a bare data channel`,
      value,
      against,
      ratio: value / against,
      floor: MOST_RATIO,
      ...figures(frames),
    });
  } finally {
    await world.stop();
    await proxy.close();
  }
};

async function untilListed(a: NetworkTab, b: NetworkTab): Promise<void> {
  for (const [tab, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const isListed = () =>
      tab.page.evaluate((id) => weftNet.listed().peerIds.includes(id), other.peerId);
    while (!(await isListed())) await wait(100);
  }
}

const figures = (ms: readonly number[]) => ({
  unit: 'ms',
  n: ms.length,
  min: Math.min(...ms),
  max: Math.max(...ms),
});

/** Halves of round trips. */
const oneWayMs = (tookMs: readonly number[]): readonly number[] =>
  tookMs.slice(WARM_UP).map((ms) => ms / 2);

async function timeFrames(a: NetworkTab, b: NetworkTab): Promise<readonly number[]> {
  await b.page.evaluate(() => weftNet.echoFrames());
  return oneWayMs(
    await a.page.evaluate(([to, plan]) => weftNet.timeEchoes(to, plan), [b.peerId, PLAN] as const),
  );
}

async function timeBare(a: NetworkTab, b: NetworkTab): Promise<readonly number[]> {
  const offer = await a.page.evaluate(() => weftNet.describeBare());
  const answer = await b.page.evaluate((sdp) => weftNet.describeBare(sdp), offer);
  await a.page.evaluate((sdp) => weftNet.acceptBare(sdp), answer);
  await b.page.evaluate((bytes) => {
    weftNet.echoBare(bytes);
  }, FRAME_BYTES);
  return oneWayMs(await a.page.evaluate((plan) => weftNet.timeBareEchoes(plan), PLAN));
}
