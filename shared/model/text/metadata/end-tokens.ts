import * as z from 'zod';
import type {GgufMetadata} from '../../gguf/gguf-file.ts';
import {readKeys, tokenId} from '../../gguf/metadata-values.ts';
import {ModelUnreadableError} from '../../model-unreadable-error.ts';
import {endTextsOf} from './control-texts.ts';

const schema = z.object({
  'tokenizer.ggml.eos_token_id': tokenId.optional(),
  'tokenizer.ggml.eot_token_id': tokenId.optional(),
  'tokenizer.ggml.eom_token_id': tokenId.optional(),
});

/**
 * The tokens that end an answer, ascending: those that the metadata names, and those whose
 * text says so. Neither is needed: an answer then ends at its length.
 *
 * @throws {ModelUnreadableError} naming the key whose id is no number or not in the vocabulary.
 */
export function readEndTokenIds(
  metadata: GgufMetadata,
  {vocabularySize}: {readonly vocabularySize: number},
): readonly number[] {
  const named = Object.entries(readKeys(schema, metadata));
  for (const [key, id] of named) {
    if (id === undefined || id < vocabularySize) continue;
    throw new ModelUnreadableError(
      `"${key}" is ${id}: the vocabulary ends at ${vocabularySize - 1}`,
    );
  }
  const tokens = readTokenTexts(metadata) ?? [];
  const endTexts = endTextsOf(tokens);
  const known = tokens.flatMap((text, id) => (endTexts.has(text) ? [id] : []));
  const ids = [...named.map(([, id]) => id), ...known].filter((id) => id !== undefined);
  return [...new Set(ids)].toSorted((a, b) => a - b);
}

/** The text of each id, in the model's own alphabet; `null` when the file has none. */
export function readTokenTexts(metadata: GgufMetadata): readonly string[] | null {
  const tokens = metadata['tokenizer.ggml.tokens'];
  if (!Array.isArray(tokens) || tokens.length === 0) return null;
  const texts: readonly unknown[] = tokens;
  return texts.every((text) => typeof text === 'string') ? texts : null;
}
