import {setTimeout as wait} from 'node:timers/promises';
import type {Page} from 'playwright';
import {percentile} from '../../../load/report/percentile.ts';
import {UdpProxy} from '../../../network/udp-proxy.ts';
import type {NetworkControl} from '../../../pages/network/network-control.ts';
import {NetworkWorld, type NetworkTab} from '../../../pages/network/network-world.ts';
import {spreadOf} from '../bench-line.ts';
import type {Benchmark} from '../benchmark.ts';

declare const weftNet: NetworkControl;

/** Tabs on two continents. */
const CONDITIONS = {delayMs: 50, lossPercent: 1, rateBytesPerSec: null};
/** What a hop sends for four to seven tokens of a prompt. */
const FRAME_BYTES = 8_192;
/** Turn by turn, so that what else the machine does falls on both alike. */
const ROUNDS = 8;
const ECHOES_PER_ROUND = 25;
/** What a node measures of a new neighbour. */
const ROUND_TRIPS = {count: 4, everyMs: 100};
const MOST_MS = 60;
const MOST_RATIO = 1.1;

/** A frame of 8 KiB from tab to tab, by the product's transport and over a bare data channel, and what a byte takes. */
export const benchFrames: Benchmark = async ({seed, print, log}) => {
  const proxy = new UdpProxy<Page>(CONDITIONS, seed);
  const world = await NetworkWorld.start(proxy);
  try {
    const [a, b] = [await world.openTab(), await world.openTab()];
    await untilListed(a, b);
    const {bare, frames, bytes} = await timeEchoes(a, b);
    log(`packets: ${JSON.stringify(proxy.counters)}`);
    const [halves, subflows] = await a.page.evaluate(() => [
      weftNet.openHalves(),
      weftNet.subflows(),
    ]);
    log(`halves at data channels: ${halves}; second subflows: ${subflows}`);
    const against = percentile(bare, 50);
    const value = percentile(frames, 50);
    const name = `network: ${FRAME_BYTES} bytes one way, ${CONDITIONS.delayMs} ms, ${CONDITIONS.lossPercent} % loss`;
    print({
      name: 'network: one byte there and back, halved',
      value: percentile(bytes, 50),
      ...figures(bytes),
    });
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
    print({
      name: `${name}, p90`,
      value: percentile(frames, 90),
      against: percentile(bare, 90),
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
  ...spreadOf(ms),
});

type Times = Readonly<Record<'bare' | 'frames' | 'bytes', number[]>>;

/** Halves of round trips; those of the first round, in which windows grow, do not count. */
async function timeEchoes(a: NetworkTab, b: NetworkTab): Promise<Times> {
  await a.openTransport({listener: 'nobody'});
  await b.openTransport({listener: 'sender'});
  await connectBare(a, b);
  const trips = {...ROUND_TRIPS, to: b.peerId};
  // Every node measures its neighbours, and so knows which are far.
  await b.page.evaluate((options) => weftNet.roundTrips(options), {...ROUND_TRIPS, to: a.peerId});
  const plan = {count: ECHOES_PER_ROUND, bytes: FRAME_BYTES};
  const echoes = {to: b.peerId, count: ECHOES_PER_ROUND, frameBytes: FRAME_BYTES};
  const times: Times = {bare: [], frames: [], bytes: []};
  for (let round = 0; round <= ROUNDS; round += 1) {
    const took = {
      bytes: await a.page.evaluate((options) => weftNet.roundTrips(options), trips),
      bare: await a.page.evaluate((options) => weftNet.timeBareEchoes(options), plan),
      frames: await a.page.evaluate((options) => weftNet.echoes(options), echoes),
    };
    if (round === 0) continue;
    for (const way of ['bare', 'frames', 'bytes'] as const) {
      times[way].push(...took[way].map((ms) => ms / 2));
    }
  }
  return times;
}

async function connectBare(a: NetworkTab, b: NetworkTab): Promise<void> {
  const offer = await a.page.evaluate(() => weftNet.describeBare());
  const answer = await b.page.evaluate((sdp) => weftNet.describeBare(sdp), offer);
  await a.page.evaluate((sdp) => weftNet.acceptBare(sdp), answer);
  await b.page.evaluate((bytes) => {
    weftNet.echoBare(bytes);
  }, FRAME_BYTES);
}
