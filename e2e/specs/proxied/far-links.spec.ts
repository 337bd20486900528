import {expect, test, type Page} from '@playwright/test';
import {UdpProxy} from '../../network/udp-proxy.ts';
import type {NetworkControl} from '../../pages/network/network-control.ts';
import {NetworkWorld, type NetworkTab} from '../../pages/network/network-world.ts';

declare const weftNet: NetworkControl;

/** Farther than peers whose links stay as they are. */
const CONDITIONS = {delayMs: 25, lossPercent: 0, rateBytesPerSec: null};
const limited = () => ({signal: AbortSignal.timeout(60_000)});
const subflowsOf = ({page}: NetworkTab) => page.evaluate(() => weftNet.subflows());

async function bytesSentBy({page}: NetworkTab): Promise<number> {
  const links = await page.evaluate(() => weftNet.links());
  return links.reduce((sum, {bytesSent}) => sum + bytesSent, 0);
}

test('[NW13] a link between far tabs gets a second subflow: its frames stay whole and in order, and its bytes are counted', async () => {
  const proxy = new UdpProxy<Page>(CONDITIONS, 1);
  const world = await NetworkWorld.start(proxy);
  try {
    const [a, b] = [await world.openTab(), await world.openTab()];
    for (const {page} of [a, b]) {
      await page.waitForFunction(() => weftNet.listed().peerIds.length === 2);
    }
    const [from, to] = [await a.openTransport(), await b.openTransport()];
    const got: number[] = [];
    to.onFrame((_, frame) => {
      got.push(frame.byteLength);
    });
    const sent: number[] = [];
    const send = async (frameBytes: number) => {
      sent.push(frameBytes);
      await from.send(to.localPeerId, new Uint8Array(frameBytes), limited());
    };
    for (let trip = 0; trip < 3; trip += 1) await from.measureRtt(to.localPeerId, limited());
    // More than any window holds: it takes many round trips to leave.
    await Promise.all(Array.from({length: 6}, () => send(200_000)));
    await expect.poll(async () => [await subflowsOf(a), await subflowsOf(b)]).toEqual([1, 1]);
    // What is left of the agreement takes a few round trips: some of these go over one, some over both.
    for (let round = 0; round < 40; round += 1) {
      await send(1 + round * 500);
      await from.measureRtt(to.localPeerId, limited());
    }
    expect(got).toEqual(sent);
    const sentBytes = sent.reduce((sum, bytes) => sum + bytes, 0);
    expect(await bytesSentBy(a)).toBeGreaterThan(sentBytes);
    expect([await subflowsOf(a), await subflowsOf(b)]).toEqual([1, 1]);
    await from.close();
    await to.close();
  } finally {
    await world.stop();
    await proxy.close();
  }
});
