import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {offerModel, type RunModel} from '../scenario/offer-model.ts';

/** A model of 30 layers and some kilobytes, on a site of its own. Needs the built page. */
export async function offerTinyModel(
  log: (line: string) => void,
): Promise<RunModel & {remove(): Promise<void>}> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-spec-'));
  const path = join(folder, 'tiny.gguf');
  await writeFile(path, tinyGguf({seed: 1, shape: {layerCount: 30, hiddenSize: 64}}));
  const tabs = [{count: 1, engine: 'stub', maxLayers: 10, joinAtMs: 0, slowdown: 1}] as const;
  const {signal} = new AbortController();
  const model = await offerModel({model: path, tabs}, {folder, log, signal});
  return {...model, remove: () => rm(folder, {recursive: true})};
}
