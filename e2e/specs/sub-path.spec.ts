import {dirname} from 'node:path';
import {expect, test} from '@playwright/test';
import {startPathProxy} from '../../signal-server/src/testing/path-proxy.ts';
import {prepareModel} from '../tools/machine/model-file/prepare-model.ts';
import {askForAnswer, greedyRequest} from '../swarm/ask.ts';
import {Swarm} from '../swarm/start-swarm.ts';
import {log} from '../swarm/test-log.ts';

const layers = (maxLayers: number) => ({capacity: {kind: 'layers', maxLayers}}) as const;

test('[BP1] in a folder of a site a tab loads its engine and weights, and another asks over WebRTC', async () => {
  const model = await prepareModel({log});
  const proxy = await startPathProxy('/weft/', {keeps: false});
  const swarm = await Swarm.start({
    modelsDir: dirname(model.path),
    port: 0,
    webgpu: false,
    log,
    publicUrl: proxy.url,
  });
  proxy.forwardTo(swarm.server.port);
  try {
    const cpu = await swarm.openLendingTab({engine: 'wasm', ...layers(5)});
    await cpu.waitForLendState(['serving'], {timeoutMs: 300_000});
    await cpu.close();
    const stub = await swarm.openLendingTab({engine: 'stub', ...layers(model.grid.layerCount)});
    await stub.waitForLendState(['serving'], {timeoutMs: 60_000});
    const client = await swarm.openTab();
    const answer = await askForAnswer(client, greedyRequest('Where am I?', {maxNewTokens: 4}));
    expect(answer.tokenIds).toHaveLength(4);
    expect(new URL(client.page.url()).pathname).toBe('/weft/');
  } finally {
    await swarm.stop();
    await proxy.close();
  }
});
