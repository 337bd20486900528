/// <reference types="node" />
import {availableParallelism} from 'node:os';
import type {Page} from 'playwright';
import {assert} from '#shared/base/assert.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {MOST_THREADS} from '../../../../web/src/node/engine/take-threads.ts';
import {lineOf} from '../bench-line.ts';
import type {BenchmarkContext} from '../benchmark.ts';
import {load, promptMsOf, stepMsOf} from './engine-page-steps.ts';

const PROMPT_TOKENS = 128;

/**
 * What a thread more brings to a tab that has this machine to itself, and to two tabs that share it. An
 * engine keeps its number, so that another takes its place for each.
 */
export async function measureThreads(
  context: BenchmarkContext,
  {page, manifest}: {readonly page: Page; readonly manifest: Manifest},
): Promise<void> {
  const most = Math.min(MOST_THREADS, availableParallelism());
  const beside = await page.context().browser()?.newPage();
  assert(beside !== undefined, 'a page has a browser');
  try {
    await beside.goto(page.url());
    await beside.waitForFunction(() => 'enginePage' in globalThis);
    for (const tabs of [[page], [page, beside]]) {
      for (let threads = 1; threads <= most; threads += 1) {
        context.signal.throwIfAborted();
        await Promise.all(tabs.map(async (tab) => reload(tab, manifest, threads)));
        await printRates(context, tabs, threads);
      }
    }
  } finally {
    await beside.close();
  }
}

async function reload(page: Page, manifest: Manifest, threadCount: number): Promise<void> {
  await page.evaluate(() => globalThis.enginePage.unload());
  await load(page, manifest, {kind: 'wasm', threadCount});
}

async function printRates(
  {print}: BenchmarkContext,
  tabs: readonly Page[],
  threads: number,
): Promise<void> {
  const stepsMs = await Promise.all(
    tabs.map(async (tab) => stepMsOf(tab, {sessions: 1, promptTokens: PROMPT_TOKENS})),
  );
  const promptsMs = await Promise.all(tabs.map(async (tab) => promptMsOf(tab, PROMPT_TOKENS)));
  const name = `engine: ${tabs.length} ${tabs.length === 1 ? 'tab' : 'tabs'} of so many threads each: ${threads}`;
  const decode = stepsMs.reduce((sum, stepMs) => sum + 1_000 / stepMs, 0);
  print(lineOf(`${name}, decode of all`, decode, 'tokens/s'));
  const prefill = promptsMs.reduce((sum, promptMs) => sum + (1_000 * PROMPT_TOKENS) / promptMs, 0);
  print(lineOf(`${name}, prompts of all`, prefill, 'tokens/s'));
}
