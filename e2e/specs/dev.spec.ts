import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {expect, test} from '@playwright/test';
import {askForAnswer, greedyRequest} from '../swarm/ask.ts';
import {startTinySwarm} from '../swarm/start-tiny-swarm.ts';

const COMMAND = fileURLToPath(new URL('../tools/commands/dev.ts', import.meta.url));

/** Starts the command in front of a server. `url` is the page that it serves from its source. */
async function startDev(serverUrl: string) {
  const child = spawn(process.execPath, ['--no-warnings', COMMAND, '--port', '0'], {
    env: {...process.env, WEFT_SERVER: serverUrl},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const line = await new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').once('data', resolve);
  });
  return {
    url: line.trim(),
    stop: async () => {
      child.kill('SIGTERM');
      await closed;
    },
  };
}

test('[SU11] npm run dev: a page from its source, with hot reload, asks the swarm of WEFT_SERVER', async () => {
  const {swarm, model, stop} = await startTinySwarm();
  const dev = await startDev(swarm.server.url);
  try {
    const {layerCount: maxLayers} = model.grid;
    const lender = await swarm.openLendingTab({
      engine: 'stub',
      capacity: {kind: 'layers', maxLayers},
    });
    await lender.waitForLendState(['serving'], {timeoutMs: 60_000});
    const lines: string[] = [];
    const client = await swarm.openTab({url: dev.url, onLog: (line) => lines.push(line)});
    const answer = await askForAnswer(client, greedyRequest('Who is there?', {maxNewTokens: 4}));
    expect(answer.tokenIds).toHaveLength(4);
    expect(client.page.url()).toContain(dev.url);
    expect(await client.page.content()).toContain('/@vite/client');
    await expect.poll(() => lines.join('\n')).toContain('[vite] connected');
    // Weights and engine come through it, too.
    await client.lend({engine: 'wasm', capacity: {kind: 'layers', maxLayers: model.grid.cutEvery}});
    await client.waitForLendState(['serving'], {timeoutMs: 300_000});
  } finally {
    await dev.stop();
    await stop();
  }
});
