import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {copyFile, mkdir, readFile, symlink, writeFile} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {WeftError} from '#shared/base/errors.ts';
import {catalogSchema, type Catalog, type CatalogEntry} from '#shared/model/manifest/catalog.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {hashManifest} from '#shared/model/manifest/hash-manifest.ts';
import type {GoldenVectors} from '#shared/model/golden/golden-vectors.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {TextUnsupportedError} from '#shared/model/text/metadata/text-unsupported-error.ts';
import {pathFromCaller} from '../../tools/command-line/files/path-from-caller.ts';
import {linkFolder} from '../../tools/machine/link-folder.ts';
import {prepareModel} from '../../tools/machine/model-file/prepare-model.ts';
import {withGoldenVectors} from '../../swarm/golden-of-file.ts';
import {manifestOfFile} from '../../swarm/manifest-of-file.ts';
import {chooseCutEvery} from './choose-cut-every.ts';
import type {Scenario} from './scenario.ts';

/** Where a signal server finds the model of a run, and the page that knows it. */
export type RunModel = {
  readonly id: string;
  readonly grid: CutGrid;
  /** The model file. */
  readonly path: string;
  readonly modelsDir: string;
  readonly siteDir: string;
};

const DIST_DIR = fileURLToPath(new URL('../../../dist', import.meta.url));
const CATALOG_FOLDER = 'catalog';
const CATALOG = new URL('../../../public/catalog/catalog.json', import.meta.url);
const FILE_NAME = 'model.gguf';

/**
 * Makes the model of a scenario ready to be served: one of the catalogue, or a
 * GGUF file, for which a site with a catalogue of its own is put into `folder`.
 * Needs the built page.
 *
 * @throws {WeftError} `MODEL_UNKNOWN`, or as `prepareModel` and `makeManifest` do.
 */
export async function offerModel(
  scenario: Pick<Scenario, 'model' | 'tabs'> & Partial<Pick<Scenario, 'requests'>>,
  options: {
    readonly folder: string;
    readonly log: (line: string) => void;
    readonly signal: AbortSignal;
  },
): Promise<RunModel> {
  const catalog = catalogSchema.parse(JSON.parse(await readFile(CATALOG, 'utf8')));
  if (catalog.some(({id}) => id === scenario.model)) {
    const {id, grid, path} = await prepareModel({...options, id: scenario.model});
    return {id, grid, path, modelsDir: dirname(path), siteDir: DIST_DIR};
  }
  const path = pathFromCaller(scenario.model);
  if (!existsSync(path)) {
    const ids = catalog.map(({id}) => id).join(', ');
    throw new WeftError(
      {code: 'MODEL_UNKNOWN'},
      `Cannot find the model "${scenario.model}": the catalogue has ${ids}, and there is no file of this name`,
    );
  }
  const cutEvery = (layerCount: number) => chooseCutEvery(scenario, layerCount);
  const file = {path, id: basename(path, '.gguf'), cutEvery};
  const manifest = await manifestOfFile({...file, prompts: 'chat'}).catch((error: unknown) => {
    // Token ids need no vocabulary, so a model without one can be tried by them.
    if (!(error instanceof TextUnsupportedError) || !areTokenIds(scenario.requests)) throw error;
    return manifestOfFile({...file, prompts: 'token-ids'});
  });
  options.log('Computing what engines must give for each part of the model');
  return offerFile(path, await withGoldenVectors(path, manifest), options.folder);
}

function areTokenIds(requests: Scenario['requests'] | undefined): boolean {
  const prompts = requests?.prompts ?? [];
  return (
    prompts.length > 0 &&
    prompts.every((prompt) => typeof prompt === 'object' && 'tokenIds' in prompt)
  );
}

/** A site whose catalogue has this one file. */
async function offerFile(
  path: string,
  {manifest, golden}: {readonly manifest: Manifest; readonly golden: GoldenVectors},
  folder: string,
): Promise<RunModel> {
  const {id, cutEvery} = manifest;
  const siteDir = join(folder, 'site');
  const modelsDir = join(folder, 'models');
  // Without the catalogue of the site, whose packed forms would be served in place of this one.
  await linkFolder(DIST_DIR, siteDir, (name) => name === CATALOG_FOLDER);
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
    layerCount: manifest.spec.layerCount,
    sources: [],
  };
  const catalog: Catalog = [entry];
  const goldenDir = join(siteDir, CATALOG_FOLDER, 'golden');
  await mkdir(goldenDir, {recursive: true});
  await writeFile(join(siteDir, CATALOG_FOLDER, 'catalog.json'), JSON.stringify(catalog));
  await writeFile(join(siteDir, CATALOG_FOLDER, entry.manifest), JSON.stringify(manifest));
  await writeFile(join(goldenDir, `${manifest.golden}.json`), JSON.stringify(golden));
  return {id, grid: {layerCount: manifest.spec.layerCount, cutEvery}, path, modelsDir, siteDir};
}
