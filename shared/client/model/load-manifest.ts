import {WeftError} from '#shared/base/errors.ts';
import {shortText} from '#shared/base/short-text.ts';
import type {ManifestHash} from '#shared/base/ids.ts';
import {catalogSchema, type Catalog, type CatalogEntry} from '#shared/model/manifest/catalog.ts';
import {hashManifest} from '#shared/model/manifest/hash-manifest.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {parseManifest} from '#shared/model/manifest/parse-manifest.ts';
import {DownloadError} from '../download/download-error.ts';
import {downloadJson} from '../download/download-json.ts';
import type {Patience} from '../download/patience.ts';
import {sha256Hex} from './sha256.ts';

/** A model that this site offers, its manifest proven by its hash. */
export type OfferedModel = {
  /** For people, by the catalogue. */
  readonly title: string;
  /** SPDX identifier. */
  readonly licence: string;
  readonly manifest: Manifest;
  readonly manifestHash: ManifestHash;
  /**
   * Answers range requests with the bytes of the model file. It names their hash:
   * what a browser has kept of one file is never taken for another.
   */
  readonly weightsUrl: string;
  /** The site that offers it. */
  readonly siteUrl: string;
};

type LoadOptions = {readonly signal: AbortSignal; readonly patience?: Patience};

const catalogUrlOf = (siteUrl: string): URL => new URL('catalog/catalog.json', siteUrl);

/**
 * The model that the page was asked for, by its catalogue.
 *
 * @param id of the catalogue; by default, its first entry.
 * @throws {WeftError} `MODEL_UNKNOWN`, `MANIFEST_ALTERED`, `CATALOG_INVALID` or `SITE_UNREACHABLE`;
 *   {ManifestInvalidError}.
 */
export async function loadManifest(
  siteUrl: string,
  id: string | undefined,
  options: LoadOptions,
): Promise<OfferedModel> {
  const catalog = await loadCatalog(siteUrl, options);
  return await loadOffered(siteUrl, findOffered(catalog, id), options);
}

/** @throws {WeftError} `CATALOG_INVALID` or `SITE_UNREACHABLE`. */
export async function loadCatalog(siteUrl: string, options: LoadOptions): Promise<Catalog> {
  return readCatalog(await readJson(catalogUrlOf(siteUrl), options));
}

/**
 * @param id by default, the first entry.
 * @throws {WeftError} `MODEL_UNKNOWN`.
 */
export function findOffered(catalog: Catalog, id: string | undefined): CatalogEntry {
  const entry: CatalogEntry | undefined =
    id === undefined ? catalog[0] : catalog.find((offered) => offered.id === id);
  if (entry !== undefined) return entry;
  const ids = catalog.map((offered) => offered.id).join(', ');
  throw new WeftError(
    {code: 'MODEL_UNKNOWN'},
    `This site has no model "${shortText(String(id))}": it has ${ids}`,
  );
}

/** @throws {WeftError} `MANIFEST_ALTERED` or `SITE_UNREACHABLE`; {ManifestInvalidError}. */
export async function loadOffered(
  siteUrl: string,
  entry: CatalogEntry,
  options: LoadOptions,
): Promise<OfferedModel> {
  const manifestUrl = new URL(entry.manifest, catalogUrlOf(siteUrl));
  const manifest = parseManifest(await readJson(manifestUrl, options));
  const encoder = new TextEncoder();
  const manifestHash = await hashManifest(manifest, (text) => sha256Hex(encoder.encode(text)));
  if (manifestHash !== entry.manifestHash) {
    throw new WeftError(
      {code: 'MANIFEST_ALTERED', expected: entry.manifestHash, got: manifestHash},
      `The manifest of "${entry.id}" is not the one that the catalogue names: SHA-256 ${manifestHash.slice(0, 8)}… instead of ${entry.manifestHash.slice(0, 8)}…; reload the page, and tell whoever runs this site if that does not help`,
    );
  }
  const {title, licence} = entry;
  const weightsPath = entry.fileName.split('/').map(encodeURIComponent).join('/');
  const weightsUrl = new URL(`models/${weightsPath}?sha256=${manifest.file.sha256}`, siteUrl).href;
  return {title, licence, manifest, manifestHash, weightsUrl, siteUrl};
}

/** @throws {WeftError} `SITE_UNREACHABLE`. */
export async function readJson(url: URL, options: LoadOptions): Promise<unknown> {
  try {
    return await downloadJson(url.href, options);
  } catch (cause) {
    if (!(cause instanceof DownloadError)) throw cause;
    throw new WeftError({...cause.detail, code: 'SITE_UNREACHABLE'}, cause.message, {cause});
  }
}

function readCatalog(value: unknown): Catalog {
  const parsed = catalogSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new WeftError(
    {code: 'CATALOG_INVALID', path},
    `Cannot read the catalogue of this site${path === '' ? '' : ` at "${path}"`}: reload the page, and tell whoever runs this site if that does not help`,
    {cause: parsed.error},
  );
}
