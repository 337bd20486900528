import {inEnginePage} from '../../../pages/engine/in-engine-page.ts';
import {serveEnginePage} from '../../../pages/engine/serve-engine-page.ts';
import type {PreparedModel} from '../../../tools/machine/model-file/prepare-model.ts';
import type {BenchmarkContext} from '../benchmark.ts';

const KV_BUDGET_BYTES = 256 * 2 ** 20;

/** What one step of so many sessions takes, ms. */
export type StepMsOf = (sessions: number) => Promise<number>;

/** The engine by itself, with the whole model and one thread: no swarm, no session and no wire. */
export async function withBareEngine(
  model: PreparedModel,
  {log, signal}: BenchmarkContext,
  {promptTokens, rounds}: {readonly promptTokens: number; readonly rounds: number},
  act: (stepMs: StepMsOf) => Promise<void>,
): Promise<void> {
  const site = await serveEnginePage(model.path);
  const shard = {
    manifest: model.manifest,
    range: {startLayer: 0, endLayer: model.grid.layerCount},
    weightsUrl: '/model.gguf',
    kvBudgetBytes: KV_BUDGET_BYTES,
  };
  try {
    await inEnginePage({url: site.url, engine: 'wasm', log, signal}, async (page) => {
      await page.evaluate((asked) => globalThis.enginePage.load(asked), shard);
      await act((sessions) => {
        const asked = {sessions, promptTokens, rounds};
        return page.evaluate((step) => globalThis.enginePage.stepMs(step), asked);
      });
    });
  } finally {
    await site[Symbol.asyncDispose]();
  }
}
