import type {FrameWay, NetworkControl} from '../../../pages/network/network-control.ts';
import {NetworkWorld, type NetworkTab} from '../../../pages/network/network-world.ts';
import {percentile} from '../../../load/report/percentile.ts';
import {spreadOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';

declare const weftNet: NetworkControl;

/** Turn by turn, so that what else the machine does falls on both alike. */
const ROUNDS = 6;
const ECHOES = {count: 200, frameBytes: 8_192};
/** As many as a tab answers of one peer, over the time for which its page is busy. */
const ROUND_TRIPS = {count: 40, everyMs: 60};
/** For longer, a page that does its own links is taken for dead. */
const BLOCKED_MS = 2_500;
const WAYS: readonly FrameWay[] = ['channels', 'streams'];

type Times = Readonly<Record<FrameWay, number[]>>;

/**
 * Frames between two real tabs over data channels in a worker, against libp2p's streams on the page:
 * 8 KiB there and back, and an empty message while the page at the other end is busy.
 */
export const benchDataPath: Benchmark = async (context) => {
  const world = await NetworkWorld.start();
  try {
    const tabs = await Promise.all([world.openTab(), world.openTab()]);
    for (const {page} of tabs) {
      await page.waitForFunction((count) => weftNet.listed().peerIds.length === count, tabs.length);
    }
    await measure(context, tabs);
  } finally {
    await world.stop();
  }
};

async function measure(
  {print, log, signal}: BenchmarkContext,
  [from, to]: readonly [NetworkTab, NetworkTab],
): Promise<void> {
  const echoMs: Times = {channels: [], streams: []};
  const blockedMs: Times = {channels: [], streams: []};
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const way of WAYS) {
      signal.throwIfAborted();
      const transports = [
        await from.openTransport({way, listener: 'nobody'}),
        await to.openTransport({way, listener: 'sender'}),
      ];
      const echoes = {...ECHOES, to: to.peerId};
      await from.page.evaluate((options) => weftNet.echoes(options), {...echoes, count: 20});
      echoMs[way].push(...(await from.page.evaluate((options) => weftNet.echoes(options), echoes)));
      if (round === 0) blockedMs[way].push(...(await whileBlocked(from, to)));
      await Promise.all(transports.map(async (transport) => transport.close()));
    }
    log(`round ${round + 1} of ${ROUNDS}`);
  }
  for (const percent of [50, 99]) {
    print(compare(`echo of 8 KiB, p${percent}`, echoMs, percent));
    print(compare(`round trip while the peer's page is blocked, p${percent}`, blockedMs, percent));
  }
}

/** Round trips that begin when the page at the other end is already busy. */
async function whileBlocked(from: NetworkTab, to: NetworkTab): Promise<readonly number[]> {
  const trips = {...ROUND_TRIPS, to: to.peerId};
  const [takenMs] = await Promise.all([
    from.page.evaluate((options) => weftNet.roundTrips(options), trips),
    to.page.evaluate((forMs) => weftNet.block(forMs), BLOCKED_MS),
  ]);
  return takenMs;
}

function compare(name: string, {channels, streams}: Times, percent: number) {
  const [value, against] = [percentile(channels, percent), percentile(streams, percent)];
  return {
    name: `data path: ${name}`,
    value,
    unit: 'ms',
    against,
    ratio: value / against,
    ...spreadOf(channels),
  };
}
