import {expect, test} from '@playwright/test';
import {runCrowd} from '../../load/run-crowd.ts';
import {startTinySwarm} from '../../swarm/start-tiny-swarm.ts';

test('[SW9] a crowd that arrives at the same moment: every question is answered', async () => {
  const {signal} = new AbortController();
  const {swarm, model, stop} = await startTinySwarm();
  try {
    // Twelve tabs, and other seeds: `npm run soak -- crowd-at-once`.
    const crowd = {model: model.id, tabs: 9, seed: 1, signal};
    const {failed, left, spread} = await runCrowd(swarm, crowd);
    expect({failed, left}).toEqual({failed: [], left: []});
    expect(spread, 'holders of any two layers').toBeLessThanOrEqual(1);
  } finally {
    await stop();
  }
});
