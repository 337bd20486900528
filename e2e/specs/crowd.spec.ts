import {expect, test} from '@playwright/test';
import {runCrowd} from '../load/run-crowd.ts';
import {offerTinyModel} from '../load/testing/offer-tiny-model.ts';
import {Swarm} from '../swarm/start-swarm.ts';
import {log} from '../swarm/test-log.ts';

let model: Awaited<ReturnType<typeof offerTinyModel>>;
let swarm: Swarm;

test.beforeAll(async () => {
  model = await offerTinyModel(log);
  const {modelsDir, siteDir} = model;
  swarm = await Swarm.start({modelsDir, siteDir, port: 0, webgpu: false, log});
});

test.afterAll(async () => {
  await swarm.stop();
  await model.remove();
});

for (const seed of [1, 2, 3]) {
  test(`[SW9] a crowd that arrives at the same moment: every question is answered, seed ${seed}`, async () => {
    const {signal} = new AbortController();
    const {failed, left, spread} = await runCrowd(swarm, {model: model.id, seed, signal});
    expect({failed, left}).toEqual({failed: [], left: []});
    expect(spread, 'holders of any two layers').toBeLessThanOrEqual(1);
  });
}
