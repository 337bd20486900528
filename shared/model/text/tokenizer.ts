import {assert, unreachable} from '../../base/assert.ts';
import type {GgufMetadata} from '../gguf/gguf-file.ts';
import {type SplitAtTokens, createSplitAtTokens} from './split-at-tokens.ts';
import {type TokenizerMetadata, readTokenizerMetadata} from './metadata/tokenizer-metadata.ts';
import {UnknownTokenError} from './unknown-token-error.ts';
import {createByteLevelBpe} from './vocabulary/byte-level-bpe.ts';
import type {Encoding} from './vocabulary/encoding.ts';
import {createSentencePiece} from './vocabulary/sentence-piece.ts';
import {createUtf8Bpe} from './vocabulary/utf8-bpe.ts';
import {utf8Bytes} from './bytes/utf8-bytes.ts';
import {createWordPiece} from './vocabulary/word-piece.ts';
import {WORD_CUTTINGS} from './words/word-cuttings.ts';

type EncodeOptions = {
  /**
   * What `<|im_end|>` in the text means. `parse`: the control token; only for text that we wrote.
   * `plain`: ten characters; for everything that a person, a page or a tool wrote.
   */
  readonly specialTokens: 'parse' | 'plain';
};

/** Text ↔ token ids of one model. */
export interface Tokenizer {
  readonly vocabularySize: number;
  /** Literal text → id of the tokens that steer the model. */
  readonly controlTokens: ReadonlyMap<string, number>;
  /** The model was trained with this id in front of everything; `null` when with none. */
  readonly beginTokenId: number | null;
  /** The text of a template, cut at the tokens that steer. */
  readonly splitAtControl: SplitAtTokens;
  /** Adds nothing: no begin or end token. Bytes that the vocabulary lacks are left out. */
  encode(text: string, options: EncodeOptions): number[];
  /**
   * UTF-8 bytes of one token, often a part of a character; none for control and end tokens.
   * @throws {UnknownTokenError} for an id that is not in the vocabulary.
   */
  tokenBytes(tokenId: number): Uint8Array<ArrayBuffer>;
}

/**
 * The tokenizer in a GGUF file. Takes a tenth of a second: make one per model.
 *
 * @throws {TextUnsupportedError} for a kind of tokenizer or of word cutting that is not known, for
 *   merges that do not fit the vocabulary, and as `readTokenizerMetadata` does.
 * @throws {ModelUnreadableError} when the metadata is incomplete.
 */
export function createTokenizer(metadata: GgufMetadata): Tokenizer {
  const model = readTokenizerMetadata(metadata);
  // Control tokens and literal ones are cut out before it, so that one encoding serves both modes.
  const encoding = createEncoding(model);
  const controlTokens = tokensById(model, model.controlTokenIds);
  const literalTokens = tokensById(model, model.userDefinedTokenIds);
  const stripAfter = new Set(model.strippingTokenIds);
  const splits: Readonly<Record<EncodeOptions['specialTokens'], SplitAtTokens>> = {
    parse: createSplitAtTokens(new Map([...controlTokens, ...literalTokens]), {stripAfter}),
    plain: createSplitAtTokens(literalTokens, {stripAfter}),
  };
  const hidden = new Set([...model.controlTokenIds, ...model.endTokenIds]);
  const literal = new Set(model.userDefinedTokenIds);
  return {
    vocabularySize: model.tokens.length,
    controlTokens,
    beginTokenId: model.beginTokenId,
    encode: (text, {specialTokens}) =>
      splits[specialTokens](text).flatMap((piece) =>
        piece.kind === 'token' ? [piece.tokenId] : encoding.encode(piece.text),
      ),
    splitAtControl: createSplitAtTokens(controlTokens, {stripAfter}),
    tokenBytes: (tokenId) => {
      const text = model.tokens[tokenId];
      if (text === undefined) throw new UnknownTokenError(tokenId, model.tokens.length);
      if (hidden.has(tokenId)) return new Uint8Array();
      return literal.has(tokenId) ? utf8Bytes(text) : encoding.bytesOf(text);
    },
  };
}

function createEncoding(model: TokenizerMetadata): Encoding {
  const {text} = model;
  switch (text.vocabulary) {
    case 'gpt2':
      return createByteLevelBpe(model, WORD_CUTTINGS[text.preTokenizer]);
    case 'gemma4':
      return createUtf8Bpe(model);
    case 'llama':
      return createSentencePiece(model);
    case 'bert':
      return createWordPiece(model);
    default:
      return unreachable(text);
  }
}

function tokensById(
  model: TokenizerMetadata,
  tokenIds: readonly number[],
): ReadonlyMap<string, number> {
  return new Map(
    tokenIds.map((id) => {
      const text = model.tokens[id];
      assert(text, `token ${id} has a text`);
      return [text, id];
    }),
  );
}
