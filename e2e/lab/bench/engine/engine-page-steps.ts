import type {Page} from 'playwright';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import type {EngineChoice} from '../../../../web/src/node/engine/worker/engine-protocol.ts';

const KV_BUDGET_BYTES = 2 ** 30;
export const NEW_TOKENS = 24;

/** The whole model in the page's engine. */
export async function load(page: Page, manifest: Manifest, engine: EngineChoice): Promise<void> {
  await page.evaluate((asked) => globalThis.enginePage.load(asked), {
    engine,
    manifest,
    range: {startLayer: 0, endLayer: manifest.spec.layerCount},
    weightsUrl: '/model.gguf',
    kvBudgetBytes: KV_BUDGET_BYTES,
  });
}

export async function stepMsOf(
  page: Page,
  asked: {
    readonly sessions: number;
    readonly promptTokens: number;
    readonly output?: 'hidden' | 'logits';
  },
  rounds = NEW_TOKENS,
): Promise<number> {
  return await page.evaluate((step) => globalThis.enginePage.stepMs(step), {...asked, rounds});
}

/** {@link globalThis.enginePage.promptMs} */
export async function promptMsOf(page: Page, promptTokens: number): Promise<number> {
  return await page.evaluate((tokens) => globalThis.enginePage.promptMs(tokens), promptTokens);
}

/** {@link globalThis.enginePage.readBytesPerSec} */
export async function readBytesPerSecOf(page: Page, threads: number): Promise<number> {
  return await page.evaluate((count) => globalThis.enginePage.readBytesPerSec(count), threads);
}
