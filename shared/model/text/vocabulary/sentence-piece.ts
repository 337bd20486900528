import type {TokenizerMetadata} from '../metadata/tokenizer-metadata.ts';
import type {Encoding} from './encoding.ts';
import {mergeSymbols} from './merge-symbols.ts';
import {readWords} from './read-words.ts';
import {byteTokenIds, bytesOfMarkedText, markSpaces} from './space-marks.ts';
import {wellFormed} from '../bytes/utf8-bytes.ts';

/**
 * SentencePiece by score, the kind of Llama 2, Gemma 1–3 and Phi-3: of all neighbours, those merge
 * first that make the token of the highest score. No library here does that: the `Unigram` of
 * `@huggingface/tokenizers` takes the tokens of the highest sum, which are others.
 */
export function createSentencePiece(model: TokenizerMetadata): Encoding {
  const words = readWords(model);
  const rankOf = (left: string, right: string): number | null => {
    const id = words.get(left + right);
    return id === undefined ? null : -(model.scores[id] ?? 0);
  };
  return {
    encode: (text) => {
      const marked = markSpaces(model.addsSpacePrefix ? ` ${text}` : text);
      return mergeSymbols(Array.from(wellFormed(marked)), rankOf).flatMap(
        (symbol) => words.get(symbol) ?? byteTokenIds(symbol, words),
      );
    },
    bytesOf: bytesOfMarkedText,
  };
}
