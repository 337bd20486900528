import type {Page} from 'playwright';
import {startTinySwarm} from '../../../swarm/start-tiny-swarm.ts';
import type {Swarm} from '../../../swarm/start-swarm.ts';
import {lineOf} from '../bench-line.ts';
import type {Benchmark} from '../benchmark.ts';
import {MainThread} from '../tabs/main-thread.ts';

/** As Gemma's. */
const TOKENS = 262_144;
/** What is longer holds up a page for the eye. */
const ALLOWED_MS = 50;
const TIMEOUT_MS = 600_000;
const LAYERS = 2;

/**
 * What a vocabulary of 262,144 tokens does to the main thread of a page: the longest task from the question
 * until its prompt is known, and of one that lends until it has read what it needs to ask.
 */
export const benchVocabulary: Benchmark = async ({print}) => {
  const shape = {layerCount: LAYERS, hiddenSize: 32, feedForwardSize: 32};
  const gguf = {seed: 1, shape, madeUpTokens: TOKENS};
  const {swarm, stop} = await startTinySwarm({gguf});
  try {
    const longest = {'a page that asks': await ask(swarm), 'a page that lends': await lend(swarm)};
    for (const [page, longestMs] of Object.entries(longest)) {
      const line = lineOf(`vocabulary, ${TOKENS} tokens, ${page}: longest task`, longestMs, 'ms');
      print({...line, floor: ALLOWED_MS});
    }
  } finally {
    await stop();
  }
};

async function ask(swarm: Swarm): Promise<number> {
  const page = await swarm.openPage('');
  const thread = await MainThread.of(page);
  await page.getByRole('textbox', {name: 'Your question'}).fill('hello');
  await page.getByRole('button', {name: 'Ask'}).click();
  await expectShown(page, /Nobody serves layers/u);
  return await closed(page, thread);
}

async function lend(swarm: Swarm): Promise<number> {
  const page = await swarm.openPage(`engine=wasm&maxLayers=${LAYERS}`);
  const thread = await MainThread.of(page);
  await page.getByRole('button', {name: 'Lend this tab'}).click();
  const progress = /so that this tab can ask, too/u;
  await expectShown(page, progress);
  await page.getByText(progress).waitFor({state: 'detached', timeout: TIMEOUT_MS});
  return await closed(page, thread);
}

async function expectShown(page: Page, text: RegExp): Promise<void> {
  await page.getByText(text).first().waitFor({timeout: TIMEOUT_MS});
}

async function closed(page: Page, thread: MainThread): Promise<number> {
  const longestMs = await thread.longestTaskMs();
  await page.close();
  return longestMs;
}
