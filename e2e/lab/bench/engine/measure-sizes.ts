import type {Page} from 'playwright';
import {lineOf} from '../bench-line.ts';
import type {BenchmarkContext} from '../benchmark.ts';
import {promptMsOf, stepMsOf} from './engine-page-steps.ts';

const CONTEXTS = [64, 512, 2_048, 4_096];
const SESSIONS = [1, 2, 4, 8, 16];
const FEW_ROUNDS = 8;

/** Batches and contexts, by the whole model that a page has loaded. @param name of the engine, as lines begin. */
export async function measureSizes(
  {print, signal, log}: BenchmarkContext,
  page: Page,
  name: string,
): Promise<void> {
  for (const sessions of SESSIONS) {
    signal.throwIfAborted();
    const stepMs = await stepMsOf(page, {sessions, promptTokens: 64}, FEW_ROUNDS);
    print(lineOf(`${name}: ${sessions} sessions at once`, (1_000 * sessions) / stepMs, 'tokens/s'));
  }
  const behindMs: number[] = [];
  for (const promptTokens of CONTEXTS) {
    signal.throwIfAborted();
    const promptMs = await promptMsOf(page, promptTokens);
    const rate = (1_000 * promptTokens) / promptMs;
    print(lineOf(`${name}: a prompt of ${promptTokens} tokens`, rate, 'tokens/s'));
    const stepMs = await stepMsOf(page, {sessions: 1, promptTokens}, FEW_ROUNDS);
    print(lineOf(`${name}: a decode step behind ${promptTokens} tokens`, stepMs, 'ms'));
    behindMs.push(stepMs);
  }
  const moreMs = (behindMs.at(-1) ?? Number.NaN) - (behindMs[0] ?? Number.NaN);
  const moreTokens = (CONTEXTS.at(-1) ?? Number.NaN) - (CONTEXTS[0] ?? Number.NaN);
  const cachedMs = (1_000 * moreMs) / moreTokens;
  print(lineOf(`${name}: of a decode step, attention to 1,000 cached tokens`, cachedMs, 'ms'));
  const [memory] = await page.evaluate(() => globalThis.enginePage.memory());
  log(JSON.stringify(memory));
  print(lineOf(`${name}: memory of the weights`, (memory?.weightBytes ?? 0) / 2 ** 20, 'MiB'));
}
