import {expect, test} from '@playwright/test';
import {seqKnownBy} from '../lab/bench/tabs/seen-again.ts';
import {askForAnswer, greedyRequest} from '../swarm/ask.ts';
import {startTinySwarm} from '../swarm/start-tiny-swarm.ts';
import {setClock, wrongClockScript} from '../swarm/faults/wrong-clock.ts';

const SEC_MS = 1_000;
const HOUR_MS = 3_600 * SEC_MS;
/** How far a record may be from the server's clock; readers refuse what is further ahead. */
const MAX_SKEW_MS = 10 * SEC_MS;
const QUESTION = greedyRequest('Who is there?', {maxNewTokens: 4});

test('[CK5] tabs whose clocks are a day wrong join, lend and ask, and go on while their clocks are set', async () => {
  const {swarm, model, stop} = await startTinySwarm();
  try {
    const capacity = {kind: 'layers', maxLayers: model.grid.layerCount} as const;
    const lender = await swarm.openLendingTab(
      {engine: 'stub', capacity},
      {model: model.id, initScript: wrongClockScript(24 * HOUR_MS)},
    );
    await lender.waitForLendState(['serving'], {timeoutMs: 120_000});
    const initScript = wrongClockScript(-24 * HOUR_MS);
    const client = await swarm.openTab({model: model.id, initScript});
    const {tokenIds} = await askForAnswer(client, QUESTION);
    const {peerId} = await lender.traffic();
    for (const stepMs of [-HOUR_MS, HOUR_MS, -120 * SEC_MS, 15 * SEC_MS]) {
      const seqBefore = await seqKnownBy(client, peerId);
      expect(await setClock(lender, stepMs)).toBeLessThan(Date.now() + stepMs + SEC_MS);
      await setClock(client, -stepMs);
      // What it serves changes what it says of itself, so a record dated afterwards comes soon.
      expect((await askForAnswer(client, QUESTION)).tokenIds).toEqual(tokenIds);
      await expect.poll(() => seqKnownBy(client, peerId)).toBeGreaterThan(seqBefore);
      const aheadMs = (await seqKnownBy(client, peerId)) - Date.now();
      expect(Math.abs(aheadMs)).toBeLessThan(MAX_SKEW_MS);
    }
  } finally {
    await stop();
  }
});
