import {Tokenizer as BpeTokenizer} from '@huggingface/tokenizers';
import type {TokenizerMetadata} from '../metadata/tokenizer-metadata.ts';
import {createCutWords} from '../words/cut-words.ts';
import type {WordCutting} from '../words/word-cuttings.ts';
import {bytesOfAlphabetText} from '../bytes/byte-alphabet.ts';
import type {Encoding} from './encoding.ts';
import {readMerges, readWords} from './read-words.ts';
import {utf8Bytes} from '../bytes/utf8-bytes.ts';

/**
 * GPT-2's kind: words are written in an alphabet of bytes, and its letters merged.
 *
 * @throws {TextUnsupportedError} for merges that do not fit the vocabulary.
 */
export function createByteLevelBpe(model: TokenizerMetadata, cutting: WordCutting): Encoding {
  const words = readWords(model);
  const bpe = new BpeTokenizer(
    {
      added_tokens: [],
      normalizer: null,
      post_processor: null,
      pre_tokenizer: {type: 'ByteLevel', add_prefix_space: false, use_regex: false},
      decoder: null,
      model: {
        type: 'BPE',
        vocab: Object.fromEntries(words),
        merges: readMerges(model, words),
        ignore_merges: cutting.takesWholeWords,
      },
    },
    {},
  );
  const cutWords = createCutWords(cutting.patterns);
  return {
    encode: (text) => cutWords(text).flatMap((word) => bpe.encode(word).ids),
    bytesOf: (token) => bytesOfAlphabetText(token) ?? utf8Bytes(token),
  };
}
