import {TextUnsupportedError} from './text-unsupported-error.ts';
import {PRE_TOKENIZERS, type PreTokenizer} from '../words/pre-tokenizers.ts';

/** How a model's text becomes tokens: as much of it as decides whether a client can. */
export type TextKind = {
  /** `tokenizer.ggml.model`. */
  readonly vocabulary: string;
  /** `tokenizer.ggml.pre`; `default` where the file has none. */
  readonly preTokenizer: string;
};

/** A kind of vocabulary that has a file in `vocabulary/`; GPT-2's alone cuts words before it merges. */
export type KnownText =
  | {readonly vocabulary: 'gpt2'; readonly preTokenizer: PreTokenizer}
  | {readonly vocabulary: 'llama' | 'gemma4' | 'bert'};

/** @throws {TextUnsupportedError} for a kind of vocabulary or of cutting that Weft does not know. */
export function readTextKind({vocabulary, preTokenizer}: TextKind): KnownText {
  switch (vocabulary) {
    case 'llama':
    case 'gemma4':
    case 'bert':
      return {vocabulary};
    case 'gpt2':
      return {vocabulary, preTokenizer: known(preTokenizer)};
    default:
      throw new TextUnsupportedError(
        'vocabulary',
        `its kind "${vocabulary}" is not supported; take a model whose kind is "gpt2", "llama", "gemma4" or "bert"`,
      );
  }
}

function known(preTokenizer: string): PreTokenizer {
  const found = PRE_TOKENIZERS.find((name) => name === preTokenizer);
  if (found) return found;
  throw new TextUnsupportedError(
    'pre-tokenizer',
    `"${preTokenizer}" is not supported; take a model with one of ${PRE_TOKENIZERS.join(', ')}`,
  );
}
