import {WeftError} from '#shared/errors.ts';
import type {ManifestHash} from '#shared/ids.ts';
import {catalogSchema, type CatalogEntry} from '#shared/model/catalog.ts';
import {hashManifest} from '#shared/model/hash-manifest.ts';
import type {Manifest} from '#shared/model/manifest.ts';
import {parseManifest} from '#shared/model/parse-manifest.ts';
import {sha256Hex} from './sha256.ts';

/** A model that this site offers, its manifest proven by its hash. */
export type OfferedModel = {
  /** For people, by the catalogue. */
  readonly title: string;
  /** SPDX identifier. */
  readonly licence: string;
  readonly manifest: Manifest;
  readonly manifestHash: ManifestHash;
  /** Answers range requests with the bytes of the model file. */
  readonly weightsUrl: string;
};

/**
 * The model that the page was asked for, by its catalogue.
 *
 * @param id of the catalogue; its first entry when not said.
 * @throws {WeftError} `MODEL_UNKNOWN`, `MANIFEST_ALTERED` or `SITE_UNREACHABLE`.
 */
export async function loadManifest(
  siteUrl: string,
  id: string | undefined,
  {signal}: {readonly signal: AbortSignal},
): Promise<OfferedModel> {
  const catalogUrl = new URL('catalog/catalog.json', siteUrl);
  const catalog = catalogSchema.parse(await fetchJson(catalogUrl, signal));
  const entry: CatalogEntry | undefined =
    id === undefined ? catalog[0] : catalog.find((offered) => offered.id === id);
  if (entry === undefined) {
    const ids = catalog.map((offered) => offered.id).join(', ');
    throw new WeftError(
      {code: 'MODEL_UNKNOWN'},
      `This site has no model "${String(id)}": it has ${ids}`,
    );
  }
  const manifest = parseManifest(await fetchJson(new URL(entry.manifest, catalogUrl), signal));
  const encoder = new TextEncoder();
  const manifestHash = await hashManifest(manifest, (text) => sha256Hex(encoder.encode(text)));
  if (manifestHash !== entry.manifestHash) {
    throw new WeftError(
      {code: 'MANIFEST_ALTERED', expected: entry.manifestHash, got: manifestHash},
      `The manifest of "${entry.id}" is not the one that the catalogue names: expected ${entry.manifestHash}, got ${manifestHash}; reload the page`,
    );
  }
  const {title, licence} = entry;
  const weightsUrl = new URL(`models/${entry.fileName}`, siteUrl).href;
  return {title, licence, manifest, manifestHash, weightsUrl};
}

async function fetchJson(url: URL, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, {signal});
  if (!response.ok) {
    throw new WeftError(
      {code: 'SITE_UNREACHABLE', status: response.status},
      `Cannot read "${url.pathname}": the site answered ${response.status}; reload the page`,
    );
  }
  return response.json();
}
