import {TextUnsupportedError} from './text-unsupported-error.ts';

/** How a model's text becomes tokens: as much of it as decides whether a client can. */
export type TextKind = {
  /** `tokenizer.ggml.model`. */
  readonly vocabulary: string;
  /** `tokenizer.ggml.pre`. */
  readonly preTokenizer: string;
};

const VOCABULARY = 'gpt2';

// \p{White_Space} instead of \s: JavaScript's also has U+FEFF and lacks U+0085.
const GPT2_WORDS =
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+` +
  String.raw`|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+`;

// `tokenizer.ggml.pre` → the cuts made before BPE, as in llama.cpp's `llm_tokenizer_bpe`.
const WORD_PATTERNS: ReadonlyMap<string, readonly string[]> = new Map([
  ['gpt-2', [GPT2_WORDS]],
  ['smollm', [String.raw`\p{N}`, GPT2_WORDS]],
]);

/**
 * The regular expressions that cut a text into words before BPE.
 *
 * @throws {TextUnsupportedError} for a kind of vocabulary or of cutting that Weft does not know.
 */
export function wordPatternsOf({vocabulary, preTokenizer}: TextKind): readonly string[] {
  if (vocabulary !== VOCABULARY) {
    throw new TextUnsupportedError(
      'vocabulary',
      `its kind "${vocabulary}" is not supported; take a model whose kind is "${VOCABULARY}"`,
    );
  }
  const patterns = WORD_PATTERNS.get(preTokenizer);
  if (patterns) return patterns;
  throw new TextUnsupportedError(
    'pre-tokenizer',
    `"${preTokenizer}" is not supported; take a model with ${[...WORD_PATTERNS.keys()].join(' or ')}`,
  );
}
