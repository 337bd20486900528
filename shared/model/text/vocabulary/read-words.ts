import {TextUnsupportedError} from '../metadata/text-unsupported-error.ts';
import type {TokenizerMetadata} from '../metadata/tokenizer-metadata.ts';

/** What text is made of, by its text: a control token is never among it, even where merges could spell it. */
export function readWords({tokens, controlTokenIds}: TokenizerMetadata): Map<string, number> {
  const words = new Map(tokens.map((text, id) => [text, id]));
  for (const id of controlTokenIds) words.delete(tokens[id] ?? '');
  return words;
}

/**
 * The merges that make words, two parts with a space between, in their order.
 *
 * @throws {TextUnsupportedError} for merges that do not fit the vocabulary.
 */
export function readMerges(
  {tokens, merges, controlTokenIds}: TokenizerMetadata,
  words: ReadonlyMap<string, number>,
): readonly string[] {
  if (merges.length === 0) {
    throw new TextUnsupportedError('merges', '"tokenizer.ggml.merges" is missing or empty');
  }
  const control = new Set(controlTokenIds.map((id) => tokens[id]));
  return merges.filter((merge) => {
    const space = merge.indexOf(' ');
    const left = merge.slice(0, space);
    const right = merge.slice(space + 1);
    if (space <= 0 || right === '' || right.includes(' ')) {
      throw new TextUnsupportedError('merges', `"${merge}" is not two parts with a space between`);
    }
    const merged = left + right;
    if (words.has(merged)) return true;
    if (control.has(merged)) return false;
    throw new TextUnsupportedError('merges', `"${merge}" makes "${merged}", which is no token`);
  });
}
