import {setTimeout as wait} from 'node:timers/promises';
import {untilAborted} from '#shared/base/until-aborted.ts';
import {createTab} from '../../../../signal-server/src/testing/create-tab.ts';

const POLL_MS = 10;
/** What nobody waits for. */
export const NEVER_MS = 60_000;

export type HonestTimes = {
  /** Until it is connected and can be dialled through the relay. */
  readonly joinMs: number;
  /** From then on until its server has stored its record. */
  readonly publishMs: number;
};

/** What a tab goes through when it comes, but for its page and WebRTC. `NEVER_MS` for what did not happen. */
export async function honestTab(serverUrl: string): Promise<HonestTimes> {
  const signal = AbortSignal.timeout(NEVER_MS);
  const tab = await createTab({serverUrl});
  let joinMs = NEVER_MS;
  try {
    const startedMs = performance.now();
    await untilAborted(tab.link.connected, signal);
    while (tab.addresses().length === 0) await wait(POLL_MS, undefined, {signal});
    joinMs = performance.now() - startedMs;
    const directory = await tab.openDirectory();
    const publisher = tab.publish(directory);
    await untilAborted(publisher.settled(), signal);
    const publishMs = performance.now() - startedMs - joinMs;
    await publisher.stop();
    await directory.close();
    return {joinMs, publishMs};
  } catch {
    return {joinMs, publishMs: NEVER_MS};
  } finally {
    await tab.stop();
  }
}
