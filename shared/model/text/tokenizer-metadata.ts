import * as z from 'zod';
import {ModelUnreadableError} from '../model-unreadable-error.ts';
import type {GgufMetadata} from '../gguf/gguf-file.ts';

const tokenId = z.int().nonnegative();

const schema = z.object({
  'tokenizer.ggml.model': z.string(),
  'tokenizer.ggml.pre': z.string().default('default'),
  'tokenizer.ggml.tokens': z.array(z.string()).min(1),
  'tokenizer.ggml.token_type': z.array(z.int()),
  'tokenizer.ggml.merges': z.array(z.string()).default([]),
  'tokenizer.ggml.bos_token_id': tokenId.optional(),
  'tokenizer.ggml.eos_token_id': tokenId.optional(),
  'tokenizer.ggml.eot_token_id': tokenId.optional(),
  'tokenizer.ggml.eom_token_id': tokenId.optional(),
  'tokenizer.chat_template': z.string().optional(),
});

// GGUF's `tokenizer.ggml.token_type`; https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
const CONTROL = 3;
const USER_DEFINED = 4;

// Texts by which llama.cpp knows an end token that the metadata does not name (llama-vocab.cpp).
const END_TEXTS = new Set([
  '<|endoftext|>',
  '<|im_end|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|end|>',
  '<end_of_turn>',
  '<EOT>',
  '[EOT]',
]);

/** The tokenizer's part of the metadata, checked. */
export type TokenizerMetadata = {
  readonly model: string;
  /** Names the regular expressions that cut text before BPE. */
  readonly preTokenizer: string;
  /** Text of each id, in the model's own alphabet. */
  readonly tokens: readonly string[];
  readonly merges: readonly string[];
  /** Ids that steer (`<|im_end|>`): no text of their own. */
  readonly controlTokenIds: readonly number[];
  /** Ids whose text is taken literally and never merged. */
  readonly userDefinedTokenIds: readonly number[];
  /** Ascending. */
  readonly endTokenIds: readonly number[];
  readonly bosToken: string | null;
  readonly eosToken: string | null;
  /** Jinja source. */
  readonly chatTemplate: string | null;
};

/** @throws {ModelUnreadableError} when a key is missing or of another type. */
export function readTokenizerMetadata(metadata: GgufMetadata): TokenizerMetadata {
  const parsed = schema.safeParse(metadata);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ModelUnreadableError(`${issue?.path.join('.') ?? 'metadata'}: ${issue?.message}`, {
      cause: parsed.error,
    });
  }
  const {data} = parsed;
  const tokens = data['tokenizer.ggml.tokens'];
  const types = data['tokenizer.ggml.token_type'];
  const idsOfType = (type: number) =>
    types.flatMap((found, id) => (found === type && id < tokens.length ? [id] : []));
  const textOf = (id: number | undefined) => (id === undefined ? null : (tokens[id] ?? null));
  return {
    model: data['tokenizer.ggml.model'],
    preTokenizer: data['tokenizer.ggml.pre'],
    tokens,
    merges: data['tokenizer.ggml.merges'],
    controlTokenIds: idsOfType(CONTROL),
    userDefinedTokenIds: idsOfType(USER_DEFINED),
    endTokenIds: endTokenIds(data),
    bosToken: textOf(data['tokenizer.ggml.bos_token_id']),
    eosToken: textOf(data['tokenizer.ggml.eos_token_id']),
    chatTemplate: data['tokenizer.chat_template'] ?? null,
  };
}

function endTokenIds(data: z.infer<typeof schema>): readonly number[] {
  const tokens = data['tokenizer.ggml.tokens'];
  const named = [
    data['tokenizer.ggml.eos_token_id'],
    data['tokenizer.ggml.eot_token_id'],
    data['tokenizer.ggml.eom_token_id'],
  ].filter((id) => id !== undefined && id < tokens.length);
  const known = tokens.flatMap((text, id) =>
    END_TEXTS.has(text) && data['tokenizer.ggml.token_type'][id] === CONTROL ? [id] : [],
  );
  return [...new Set([...named, ...known])]
    .filter((id) => id !== undefined)
    .toSorted((a, b) => a - b);
}
