import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {offerModel, type RunModel} from '../scenario/offer-model.ts';

/** As `tinyGguf` takes them. */
export type TinyModel = Parameters<typeof tinyGguf>[0];

/** As many layers as the real model has, in some kilobytes. */
const THIRTY_LAYERS: TinyModel = {seed: 1, shape: {layerCount: 30, hiddenSize: 64}};

/** A tiny model, on a site of its own. Needs the built page. */
export async function offerTinyModel(
  log: (line: string) => void,
  model: TinyModel = THIRTY_LAYERS,
): Promise<RunModel & {remove(): Promise<void>}> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-spec-'));
  const path = join(folder, 'tiny.gguf');
  await writeFile(path, tinyGguf(model));
  const tabs = [{count: 1, engine: 'stub', maxLayers: 10, joinAtMs: 0, slowdown: 1}] as const;
  const {signal} = new AbortController();
  const offered = await offerModel({model: path, tabs}, {folder, log, signal});
  return {...offered, remove: () => rm(folder, {recursive: true})};
}
