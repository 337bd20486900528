import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {catalogSchema} from '#shared/model/catalog.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {parseManifest} from '#shared/model/parse-manifest.ts';
import {fetchModel} from './fetch-model.ts';

const MODELS_URL = new URL('../../public/catalog/', import.meta.url);

/** A model of the catalogue whose file is on this machine. */
export type PreparedModel = {
  readonly id: string;
  readonly path: string;
  readonly grid: CutGrid;
};

/**
 * Gets the model file that the catalogue names, if it is not here yet.
 *
 * @param id of the catalogue; its first entry when not said.
 */
export async function prepareModel(options: {
  readonly id?: string;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}): Promise<PreparedModel> {
  const catalog = catalogSchema.parse(await readJson('catalog.json'));
  const entry = catalog.find(({id}) => id === (options.id ?? catalog[0]?.id));
  if (entry === undefined) {
    const ids = catalog.map(({id}) => id).join(', ');
    throw new Error(`The catalogue has no model "${String(options.id)}": it has ${ids}`);
  }
  const {spec, cutEvery} = parseManifest(await readJson(entry.manifest));
  const path = await fetchModel(entry, options);
  return {id: entry.id, path, grid: {layerCount: spec.layerCount, cutEvery}};
}

async function readJson(name: string): Promise<unknown> {
  return JSON.parse(await readFile(fileURLToPath(new URL(name, MODELS_URL)), 'utf8'));
}
