import type {Page} from 'playwright';
import {kvBytesPerTokenLayer} from '#shared/model/model-spec.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {WeftError} from '#shared/base/errors.ts';
import {TESTED_TOKENS} from '../../web/src/node/engine/proof/measure-shard.ts';
import {inEnginePage} from '../pages/engine/in-engine-page.ts';
import {serveEnginePage} from '../pages/engine/serve-engine-page.ts';
import {manifestOfFile} from '../swarm/manifest-of-file.ts';

/** As a swarm cuts a model that no catalogue describes. */
const CUT_EVERY = 5;

export type CheckedPrompt = {
  readonly promptIds: readonly number[];
  /** Greedy; end tokens do not end them. */
  readonly ids: readonly number[];
  /** For each of `ids`, the likeliest tokens, best first, with what the LM head gives for them. */
  readonly top: readonly (readonly {readonly id: number; readonly logit: number}[])[];
};

/**
 * Runs a whole GGUF file in one tab of a browser, in the engine that lending tabs have, from
 * token ids to token ids.
 *
 * @throws {WeftError} as `manifestOfFile` and the engine do; `TOKEN_UNKNOWN` for an id beyond the vocabulary,
 *   `CONTEXT_FULL` for a prompt that leaves no room for its answer.
 */
export async function checkModel(options: {
  readonly path: string;
  readonly prompts: readonly (readonly number[])[];
  readonly engine: 'wasm' | 'webgpu';
  readonly maxNewTokens: number;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}): Promise<readonly CheckedPrompt[]> {
  const {path, prompts, engine, maxNewTokens, log, signal} = options;
  const manifest = await manifestOfFile({
    path,
    id: 'checked',
    cutEvery: cutAsUsual,
    prompts: 'token-ids',
  });
  refuseUnknownIds(manifest, prompts);
  refuseLongPrompts(manifest, prompts, maxNewTokens);
  signal.throwIfAborted();
  const site = await serveEnginePage(path);
  try {
    return await inEnginePage({url: site.url, engine, log, signal}, async (page) => {
      const kvTokens = Math.max(...prompts.map(({length}) => fedTokens(length, maxNewTokens)));
      log(`Loading ${manifest.spec.layerCount} layers (${engine})`);
      // A shard proves itself before anything else, and needs room for that.
      await loadWhole(page, manifest, {engine, kvTokens: Math.max(kvTokens, TESTED_TOKENS)});
      const checked: CheckedPrompt[] = [];
      for (const promptIds of prompts) {
        log(`Prompt ${checked.length + 1} of ${prompts.length}`);
        checked.push(await answer(page, promptIds, {kvTokens, maxNewTokens}));
      }
      return checked;
    });
  } catch (error) {
    throw inEngineWords(error);
  } finally {
    await site[Symbol.asyncDispose]();
  }
}

/** The last new token is not fed back. */
function fedTokens(promptTokens: number, maxNewTokens: number): number {
  return promptTokens + maxNewTokens - 1;
}

/** What an engine says in a page, without the page. */
function inEngineWords(error: unknown): unknown {
  const found =
    error instanceof Error ? /EngineError: \[([A-Z_]+)\] ([^\n]+)/u.exec(error.message) : null;
  const [, code, words] = found ?? [];
  if (code === undefined || words === undefined) return error;
  return new WeftError({code} as const, words, {cause: error});
}

function cutAsUsual(layerCount: number): number {
  return Math.min(CUT_EVERY, layerCount);
}

function refuseUnknownIds({spec}: Manifest, prompts: readonly (readonly number[])[]): void {
  const tokenId = prompts.flat().find((id) => id >= spec.vocabularySize);
  if (tokenId === undefined) return;
  throw new WeftError(
    {code: 'TOKEN_UNKNOWN', tokenId} as const,
    `Cannot run the prompts: the token id ${tokenId} is not in the vocabulary of ${spec.vocabularySize} tokens`,
  );
}

function refuseLongPrompts(
  {spec: {contextTokens}}: Manifest,
  prompts: readonly (readonly number[])[],
  maxNewTokens: number,
): void {
  const at = prompts.findIndex(({length}) => fedTokens(length, maxNewTokens) > contextTokens);
  const prompt = prompts[at];
  if (prompt === undefined) return;
  throw new WeftError(
    {code: 'CONTEXT_FULL'} as const,
    `Cannot run prompt ${at + 1}: its ${prompt.length} ids and ${maxNewTokens} new tokens do not fit in the model's context of ${contextTokens}; give a shorter one, or a smaller --max-tokens`,
  );
}

async function loadWhole(
  page: Page,
  manifest: Manifest,
  {engine, kvTokens}: {readonly engine: 'wasm' | 'webgpu'; readonly kvTokens: number},
): Promise<void> {
  const {layerCount} = manifest.spec;
  await page.evaluate((shard) => globalThis.enginePage.load(shard), {
    manifest,
    range: {startLayer: 0, endLayer: layerCount},
    weightsUrl: '/model.gguf',
    kvBudgetBytes: kvTokens * layerCount * kvBytesPerTokenLayer(manifest.spec),
    engine: engine === 'wasm' ? {kind: engine, threadCount: 1} : {kind: engine},
  });
}

async function answer(
  page: Page,
  promptIds: readonly number[],
  limits: {readonly kvTokens: number; readonly maxNewTokens: number},
): Promise<CheckedPrompt> {
  const steps = await page.evaluate(
    async ({kvTokens, ...request}) => {
      await globalThis.enginePage.open(kvTokens);
      const greedy = await globalThis.enginePage.greedy({...request, endTokenIds: []});
      await globalThis.enginePage.close();
      return greedy;
    },
    {promptIds, ...limits},
  );
  return {promptIds, ids: steps.map(({tokenId}) => tokenId), top: steps.map(({top}) => top)};
}
