import {WeftError} from '#shared/base/errors.ts';
import {goldenVectorsSchema, type GoldenVectors} from '#shared/model/golden/golden-vectors.ts';
import {canonicalJson} from '#shared/model/manifest/canonical-json.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {ManifestInvalidError} from '#shared/model/manifest/manifest-invalid-error.ts';
import {readJson, type OfferedModel} from './load-manifest.ts';
import type {Patience} from '../download/patience.ts';
import {sha256Hex} from './sha256.ts';

/** A tab whose engine is lost begins again while its site is away. */
const known = new WeakMap<Manifest, GoldenVectors>();

/**
 * What an engine must compute to serve any part of a model, as its manifest names it.
 *
 * Fetched once for each manifest.
 *
 * @returns `null` where the manifest names nothing.
 * @throws {WeftError} `GOLDEN_ALTERED` or `SITE_UNREACHABLE`; {ManifestInvalidError}.
 */
export async function loadGoldenVectors(
  {manifest, siteUrl}: OfferedModel,
  options: {readonly signal: AbortSignal; readonly patience?: Patience},
): Promise<GoldenVectors | null> {
  const {golden: expected, id, spec, cutEvery} = manifest;
  if (expected === undefined) return null;
  const before = known.get(manifest);
  if (before !== undefined) return before;
  const value = await readJson(new URL(`catalog/golden/${expected}.json`, siteUrl), options);
  const parsed = goldenVectorsSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ManifestInvalidError(
      ['golden', ...(issue?.path ?? [])].join('.'),
      issue?.message ?? 'not readable',
      {cause: parsed.error},
    );
  }
  const got = await sha256Hex(new TextEncoder().encode(canonicalJson(parsed.data)));
  if (got !== expected) {
    throw new WeftError(
      {code: 'GOLDEN_ALTERED', expected, got},
      `The golden vectors of "${id}" are not those that its manifest names: SHA-256 ${got.slice(0, 8)}… instead of ${expected.slice(0, 8)}…; reload the page, and tell whoever runs this site if that does not help`,
    );
  }
  const cellCount = Math.ceil(spec.layerCount / cutEvery);
  const {cells} = parsed.data;
  if (cells.length !== cellCount) {
    throw new ManifestInvalidError('golden.cells', `${cells.length} for ${cellCount} cells`);
  }
  known.set(manifest, parsed.data);
  return parsed.data;
}
