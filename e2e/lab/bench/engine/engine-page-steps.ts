import type {Page} from 'playwright';
import type {Manifest} from '#shared/model/manifest/manifest.ts';

const KV_BUDGET_BYTES = 2 ** 30;
export const NEW_TOKENS = 24;

/** The whole model in the page's engine: on WASM, by one thread. */
export async function load(page: Page, manifest: Manifest, kind: 'wasm' | 'webgpu'): Promise<void> {
  await page.evaluate((asked) => globalThis.enginePage.load(asked), {
    ...(kind === 'webgpu' && {engine: {kind} as const}),
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
