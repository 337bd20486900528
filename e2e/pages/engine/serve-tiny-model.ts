/// <reference types="node" />
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import type {TensorDtype} from '#shared/model/storage/block-sizes.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import type {TinyFamily} from '#shared/testing/tiny-models/tiny-families.ts';
import type {TinyModelShape} from '#shared/testing/tiny-models/tiny-shape.ts';
import {tinyManifest} from '#shared/testing/tiny-manifest.ts';
import {serveEnginePage} from './serve-engine-page.ts';

export type TinySite = AsyncDisposable & {readonly url: string; readonly manifest: Manifest};

/** The engine's test page beside a tiny seeded model. */
export async function serveTinyModel(options: {
  readonly seed: number;
  readonly shape?: Partial<TinyModelShape>;
  readonly family?: TinyFamily;
  readonly dtypeOf?: (name: string) => TensorDtype;
  readonly madeUpTokens?: number;
  /** By default, one layer per cell. */
  readonly cutEvery?: number;
}): Promise<TinySite> {
  const gguf = tinyGguf(options);
  const manifest = await tinyManifest(gguf, {cutEvery: options.cutEvery ?? 1});
  const folder = await mkdtemp(join(tmpdir(), 'weft-tiny-'));
  const path = join(folder, 'tiny.gguf');
  await writeFile(path, gguf);
  const site = await serveEnginePage(path);
  return {
    url: site.url,
    manifest,
    async [Symbol.asyncDispose]() {
      await site[Symbol.asyncDispose]();
      await rm(folder, {recursive: true});
    },
  };
}
