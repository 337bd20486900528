import * as z from 'zod';
import {modelSpecSchema} from '../model-spec.ts';

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/u);

/** Storage types of tensors that Weft can read. */
export const tensorDtypeSchema = z.enum(['F32', 'F16', 'Q4_0', 'Q4_1', 'Q8_0']);
export type TensorDtype = z.infer<typeof tensorDtypeSchema>;

export const tensorEntrySchema = z
  .strictObject({
    name: z.string().min(1),
    dtype: tensorDtypeSchema,
    /** GGUF order: the contiguous dimension first, so `[in, out]` for a matrix. */
    shape: z.array(z.int().positive()).min(1).max(4).readonly(),
    /** From the start of the file. */
    offsetBytes: z.int().nonnegative(),
    byteLength: z.int().positive(),
    sha256: sha256Hex,
  })
  .readonly();

export type TensorEntry = z.infer<typeof tensorEntrySchema>;

/**
 * What a model is: its identity is the SHA-256 of this document in canonical
 * form (`canonical-json.ts`), never its name. A volunteer needs this and the
 * tensors of its own cells, nothing else; a client also reads the header.
 */
export const manifestSchema = z
  .strictObject({
    manifestVersion: z.literal(1),
    /** Name for people; not part of any decision. */
    id: z.string().min(1),
    family: z.string().min(1),
    cutEvery: z.int().positive(),
    spec: modelSpecSchema,
    file: z.strictObject({byteLength: z.int().positive(), sha256: sha256Hex}).readonly(),
    /** The first bytes of the file: GGUF metadata with tokenizer and chat template. */
    header: z.strictObject({byteLength: z.int().positive(), sha256: sha256Hex}).readonly(),
    tensors: z.array(tensorEntrySchema).min(1).readonly(),
    /**
     * How text becomes tokens: tried when the manifest was made, and known to a client before it
     * reads the header. `null`: nobody can chat with it, prompts are token ids. Absent: unknown.
     */
    text: z
      .strictObject({vocabulary: z.string().min(1), preTokenizer: z.string().min(1)})
      .readonly()
      .nullable()
      .exactOptional(),
  })
  .readonly();

export type Manifest = z.infer<typeof manifestSchema>;
