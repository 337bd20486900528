import {expect, test} from '@playwright/test';
import {runCrowd} from '../../load/run-crowd.ts';
import {startTinySwarm, type TinySwarm} from '../../swarm/start-tiny-swarm.ts';

let tiny: TinySwarm;

test.beforeAll(async () => {
  tiny = await startTinySwarm();
});

test.afterAll(async () => {
  await tiny.stop();
});

for (const seed of [1, 2, 3]) {
  test(`[SW9] a crowd that arrives at the same moment: every question is answered, seed ${seed}`, async () => {
    const {signal} = new AbortController();
    const {swarm, model} = tiny;
    const {failed, left, spread} = await runCrowd(swarm, {model: model.id, seed, signal});
    expect({failed, left}).toEqual({failed: [], left: []});
    expect(spread, 'holders of any two layers').toBeLessThanOrEqual(1);
  });
}
