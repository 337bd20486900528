import * as z from 'zod/mini';
import {modelSpecSchema} from '../model-spec.ts';
import {TENSOR_DTYPES} from '../storage/block-sizes.ts';

// The small build of zod, which the page loads before its first click, has no words by itself:
// "too small", "invalid type", "unrecognized keys: extra".
z.config({
  localeError: (issue) => {
    const fault = issue.code.replaceAll('_', ' ');
    return issue.code === 'unrecognized_keys' ? `${fault}: ${issue.keys.join(', ')}` : fault;
  },
});

const text = z.string().check(z.minLength(1));
const positive = z.int().check(z.positive());
const sha256Hex = z.string().check(z.regex(/^[0-9a-f]{64}$/u));
const part = z.readonly(z.strictObject({byteLength: positive, sha256: sha256Hex}));

const tensorEntrySchema = z.readonly(
  z.strictObject({
    name: text,
    dtype: z.enum(TENSOR_DTYPES),
    /** GGUF order: the contiguous dimension first, so `[in, out]` for a matrix. */
    shape: z.readonly(z.array(positive).check(z.minLength(1), z.maxLength(4))),
    /** From the start of the file. */
    offsetBytes: z.int().check(z.nonnegative()),
    byteLength: positive,
    sha256: sha256Hex,
  }),
);

export type TensorEntry = z.infer<typeof tensorEntrySchema>;

/**
 * What a model is: its identity is the SHA-256 of this document in canonical
 * form (`canonical-json.ts`), never its name. A volunteer needs this and the
 * tensors of its own cells, nothing else; a client also reads the header.
 */
export const manifestSchema = z.readonly(
  z.strictObject({
    manifestVersion: z.literal(1),
    /** Name for people; not part of any decision. */
    id: text,
    family: text,
    cutEvery: positive,
    spec: modelSpecSchema,
    file: part,
    /** The first bytes of the file: GGUF metadata with tokenizer and chat template. */
    header: part,
    tensors: z.readonly(z.array(tensorEntrySchema).check(z.minLength(1))),
    /**
     * How text becomes tokens: tried when the manifest was made, and known to a client before it
     * reads the header. `null`: nobody can chat with it, prompts are token ids. Absent: unknown.
     */
    text: z.exactOptional(
      z.nullable(z.readonly(z.strictObject({vocabulary: text, preTokenizer: text}))),
    ),
    /**
     * What an engine must compute before it serves any part of the model: the hash of a document of
     * golden vectors in canonical form, which only tabs that lend read. Absent: nobody knows.
     */
    golden: z.exactOptional(sha256Hex),
  }),
);

export type Manifest = z.infer<typeof manifestSchema>;
