import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {cp, copyFile, mkdir, readFile, symlink, writeFile} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {WeftError} from '#shared/errors.ts';
import {catalogSchema, type Catalog, type CatalogEntry} from '#shared/model/catalog.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {hashManifest} from '#shared/model/hash-manifest.ts';
import {prepareModel} from '../set-up/prepare-model.ts';
import {manifestOfFile} from '../swarm/manifest-of-file.ts';
import {chooseCutEvery} from './choose-cut-every.ts';
import type {Scenario} from './scenario.ts';

/** Where a signal server finds the model of a run, and the page that knows it. */
export type RunModel = {
  readonly id: string;
  readonly grid: CutGrid;
  readonly modelsDir: string;
  readonly siteDir: string;
};

const DIST_DIR = fileURLToPath(new URL('../../dist', import.meta.url));
const CATALOG = new URL('../../public/catalog/catalog.json', import.meta.url);
const FILE_NAME = 'model.gguf';

/**
 * Makes the model of a scenario ready to be served: one of the catalogue, or a
 * GGUF file, for which a site with a catalogue of its own is put into `folder`.
 * Needs the built page.
 *
 * @throws {WeftError} `MODEL_UNKNOWN`, or as `prepareModel` and `makeManifest` do.
 */
export async function offerModel(
  scenario: Pick<Scenario, 'model' | 'tabs'>,
  options: {
    readonly folder: string;
    readonly log: (line: string) => void;
    readonly signal: AbortSignal;
  },
): Promise<RunModel> {
  const catalog = catalogSchema.parse(JSON.parse(await readFile(CATALOG, 'utf8')));
  if (catalog.some(({id}) => id === scenario.model)) {
    const {id, grid, path} = await prepareModel({...options, id: scenario.model});
    return {id, grid, modelsDir: dirname(path), siteDir: DIST_DIR};
  }
  const path = resolve(scenario.model);
  if (!existsSync(path)) {
    const ids = catalog.map(({id}) => id).join(', ');
    throw new WeftError(
      {code: 'MODEL_UNKNOWN'},
      `Cannot find the model "${scenario.model}": the catalogue has ${ids}, and there is no file of this name`,
    );
  }
  return offerFile(path, {cutEvery: chooseCutEvery(scenario), folder: options.folder});
}

async function offerFile(
  path: string,
  {cutEvery, folder}: {readonly cutEvery: number; readonly folder: string},
): Promise<RunModel> {
  const id = basename(path, '.gguf');
  const manifest = await manifestOfFile({path, id, cutEvery});
  const siteDir = join(folder, 'site');
  const modelsDir = join(folder, 'models');
  await cp(DIST_DIR, siteDir, {recursive: true});
  await mkdir(modelsDir);
  // Links need a privilege on some systems.
  await symlink(path, join(modelsDir, FILE_NAME)).catch(() =>
    copyFile(path, join(modelsDir, FILE_NAME)),
  );
  const entry: CatalogEntry = {
    id,
    title: id,
    licence: 'unknown',
    family: manifest.family,
    manifestHash: await hashManifest(manifest, async (text) =>
      createHash('sha256').update(text).digest('hex'),
    ),
    manifest: 'model.manifest.json',
    fileName: FILE_NAME,
    byteLength: manifest.file.byteLength,
    sha256: manifest.file.sha256,
    sources: [],
  };
  const catalog: Catalog = [entry];
  await writeFile(join(siteDir, 'catalog', 'catalog.json'), JSON.stringify(catalog));
  await writeFile(join(siteDir, 'catalog', entry.manifest), JSON.stringify(manifest));
  return {id, grid: {layerCount: manifest.spec.layerCount, cutEvery}, modelsDir, siteDir};
}
