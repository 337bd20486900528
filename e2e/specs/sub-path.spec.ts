import {expect, test} from '@playwright/test';
import {startPathProxy} from '../../signal-server/src/testing/path-proxy.ts';
import {askForAnswer, greedyRequest} from '../swarm/ask.ts';
import {startTinySwarm} from '../swarm/start-tiny-swarm.ts';

test('[BP1] in a folder of a site a tab loads its engine and weights, and another asks over WebRTC', async () => {
  const proxy = await startPathProxy('/weft/', {keeps: false});
  const {swarm, model, stop} = await startTinySwarm({publicUrl: proxy.url, gguf: {seed: 1}});
  proxy.forwardTo(swarm.server.port);
  try {
    const capacity = {kind: 'layers', maxLayers: model.grid.layerCount} as const;
    const lender = await swarm.openLendingTab({engine: 'wasm', capacity});
    await lender.waitForLendState(['serving'], {timeoutMs: 300_000});
    const client = await swarm.openTab();
    const answer = await askForAnswer(client, greedyRequest('Where am I?', {maxNewTokens: 4}));
    expect(answer.tokenIds).toHaveLength(4);
    expect(new URL(client.page.url()).pathname).toBe('/weft/');
  } finally {
    await stop();
    await proxy.close();
  }
});
