import {TextUnsupportedError} from './text-unsupported-error.ts';
import {WORD_CUTTINGS, type WordCutting} from '../words/word-cuttings.ts';

/** How a model's text becomes tokens: as much of it as decides whether a client can. */
export type TextKind = {
  /** `tokenizer.ggml.model`. */
  readonly vocabulary: string;
  /** `tokenizer.ggml.pre`; `default` where the file has none. */
  readonly preTokenizer: string;
};

/** A kind of vocabulary that has a file in `vocabulary/`; GPT-2's alone cuts words before it merges. */
export type KnownText =
  | {readonly vocabulary: 'gpt2'; readonly cutting: WordCutting}
  | {readonly vocabulary: 'llama' | 'gemma4' | 'bert'};

/** @throws {TextUnsupportedError} for a kind of vocabulary or of cutting that Weft does not know. */
export function readTextKind({vocabulary, preTokenizer}: TextKind): KnownText {
  switch (vocabulary) {
    case 'llama':
    case 'gemma4':
    case 'bert':
      return {vocabulary};
    case 'gpt2':
      return {vocabulary, cutting: cuttingOf(preTokenizer)};
    default:
      throw new TextUnsupportedError(
        'vocabulary',
        `its kind "${vocabulary}" is not supported; take a model whose kind is "gpt2", "llama", "gemma4" or "bert"`,
      );
  }
}

function cuttingOf(preTokenizer: string): WordCutting {
  const cutting = WORD_CUTTINGS.get(preTokenizer);
  if (cutting) return cutting;
  throw new TextUnsupportedError(
    'pre-tokenizer',
    `"${preTokenizer}" is not supported; take a model with one of ${[...WORD_CUTTINGS.keys()].join(', ')}`,
  );
}
