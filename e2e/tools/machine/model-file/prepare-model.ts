import {mkdir, readFile, readlink, rm, symlink} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {catalogSchema} from '#shared/model/manifest/catalog.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {parseManifest} from '#shared/model/manifest/parse-manifest.ts';
import {fetchModel} from './fetch-model.ts';

const MODELS_URL = new URL('../../../../public/catalog/', import.meta.url);

const OFFERED_DIR = fileURLToPath(new URL('../../../../.cache/offered/', import.meta.url));

/** A model of the catalogue whose file is on this machine. */
export type PreparedModel = {
  readonly id: string;
  readonly manifest: Manifest;
  readonly grid: CutGrid;
  readonly path: string;
  readonly fileName: string;
  /** Holds the file under its own name and nothing else: safe to serve. */
  readonly modelsDir: string;
};

/**
 * Gets the model file that the catalogue names, if it is not here yet.
 *
 * @param id of the catalogue; by default, its first entry.
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
  const manifest = parseManifest(await readJson(entry.manifest));
  const path = await fetchModel(entry, options);
  return {
    id: entry.id,
    manifest,
    grid: {layerCount: manifest.spec.layerCount, cutEvery: manifest.cutEvery},
    path,
    fileName: entry.fileName,
    modelsDir: await offerAlone(path, entry),
  };
}

/** A folder with a link to the file: `WEFT_MODEL` may lie among things that are nobody's business. */
async function offerAlone(
  path: string,
  {sha256, fileName}: {readonly sha256: string; readonly fileName: string},
): Promise<string> {
  const folder = join(OFFERED_DIR, sha256);
  await mkdir(folder, {recursive: true});
  const link = join(folder, fileName);
  if ((await readlink(link).catch(() => null)) === path) return folder;
  await rm(link, {force: true});
  await symlink(path, link);
  return folder;
}

async function readJson(name: string): Promise<unknown> {
  return JSON.parse(await readFile(fileURLToPath(new URL(name, MODELS_URL)), 'utf8'));
}
