import {Tokenizer as WordPieceTokenizer} from '@huggingface/tokenizers';
import type {TokenizerMetadata} from '../metadata/tokenizer-metadata.ts';
import type {Encoding} from './encoding.ts';
import {readWords} from './read-words.ts';
import {bytesOfMarkedText, SPACE_MARK} from './space-marks.ts';

const UNKNOWN = '[UNK]';
/** The library's time grows with the cube of a word's length: a longer one is the unknown token. */
const MOST_WORD_CHARACTERS = 256;

/** Ideographs that take two units of UTF-16, which the library takes for letters; the ranges are llama.cpp's. */
const RARE_IDEOGRAPH =
  /[\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

/**
 * BERT's kind: lower case without accents, and the longest token that a word goes on with. A word
 * that does not come out even, or has more than 256 characters, is the unknown token. GGUF marks how a word begins ("▁in", "g"), and
 * the library how it goes on ("in", "##g").
 */
export function createWordPiece(model: TokenizerMetadata): Encoding {
  const words = [...readWords(model)].map(([token, id]): [string, number] => [
    token.startsWith(SPACE_MARK) ? token.slice(SPACE_MARK.length) : `##${token}`,
    id,
  ]);
  const tokenizer = new WordPieceTokenizer(
    {
      added_tokens: [],
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: model.stripsAccents,
        lowercase: model.lowersCase,
      },
      post_processor: null,
      pre_tokenizer: {type: 'BertPreTokenizer'},
      decoder: null,
      model: {
        type: 'WordPiece',
        vocab: Object.fromEntries([...words, [UNKNOWN, model.unknownTokenId ?? 0]]),
        unk_token: UNKNOWN,
        continuing_subword_prefix: '##',
        max_input_chars_per_word: MOST_WORD_CHARACTERS,
      },
    },
    {},
  );
  return {
    encode: (text) => tokenizer.encode(asLibraryReads(text)).ids,
    bytesOf: bytesOfMarkedText,
  };
}

/** U+0085 is white space, to the library a control character that leaves no trace. */
function asLibraryReads(text: string): string {
  return text.replaceAll('\u0085', ' ').replaceAll(RARE_IDEOGRAPH, ' $& ');
}
