import {Tokenizer as BpeTokenizer} from '@huggingface/tokenizers';
import {assert} from '../../base/assert.ts';
import {WeftError} from '../../base/errors.ts';
import {bytesOfAlphabetText} from './byte-alphabet.ts';
import type {GgufMetadata} from '../gguf/gguf-file.ts';
import {type TokenizerMetadata, readTokenizerMetadata} from './tokenizer-metadata.ts';
import {wordPatternsOf} from './supported-text.ts';
import {TextUnsupportedError} from './text-unsupported-error.ts';
import {type SplitAtTokens, createSplitAtTokens} from './split-at-tokens.ts';
import {utf8Bytes} from './utf8-bytes.ts';

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
  /** Adds nothing: no begin or end token. Bytes that the vocabulary lacks are left out. */
  encode(text: string, options: EncodeOptions): number[];
  /**
   * UTF-8 bytes of one token, often a part of a character; none for control and end tokens.
   * @throws {UnknownTokenError} for an id that is not in the vocabulary.
   */
  tokenBytes(tokenId: number): Uint8Array<ArrayBuffer>;
}

type UnknownTokenDetail = {
  readonly code: 'TOKEN_UNKNOWN';
  readonly tokenId: number;
  readonly vocabularySize: number;
};

/** A token id outside the vocabulary; ids come from peers. */
export class UnknownTokenError extends WeftError<UnknownTokenDetail> {
  override readonly name = 'UnknownTokenError';

  constructor(tokenId: number, vocabularySize: number) {
    super(
      {code: 'TOKEN_UNKNOWN', tokenId, vocabularySize},
      `Cannot show token ${tokenId}: the vocabulary has ${vocabularySize}`,
    );
  }
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
  const bpe = createBpe(model);
  const controlTokens = tokensById(model, model.controlTokenIds);
  const userDefined = tokensById(model, model.userDefinedTokenIds);
  const splits: Readonly<Record<EncodeOptions['specialTokens'], SplitAtTokens>> = {
    parse: createSplitAtTokens(new Map([...controlTokens, ...userDefined])),
    plain: createSplitAtTokens(userDefined),
  };
  const hidden = new Set([...model.controlTokenIds, ...model.endTokenIds]);
  return {
    vocabularySize: model.tokens.length,
    controlTokens,
    beginTokenId: model.beginTokenId,
    encode: (text, {specialTokens}) =>
      splits[specialTokens](text).flatMap((piece) =>
        piece.kind === 'token' ? [piece.tokenId] : bpe.encode(piece.text).ids,
      ),
    tokenBytes: (tokenId) => {
      const text = model.tokens[tokenId];
      if (text === undefined) throw new UnknownTokenError(tokenId, model.tokens.length);
      if (hidden.has(tokenId)) return new Uint8Array();
      // Outside the alphabet: a token that was added as literal text.
      return bytesOfAlphabetText(text) ?? utf8Bytes(text);
    },
  };
}

// Special tokens are cut out by `createSplitAtTokens`, so that one vocabulary serves both modes.
function createBpe(model: TokenizerMetadata): BpeTokenizer {
  const patterns = wordPatternsOf({vocabulary: model.model, preTokenizer: model.preTokenizer});
  const vocabulary = wordsOf(model);
  const splits = patterns.map((Regex) => ({
    type: 'Split',
    pattern: {Regex},
    behavior: 'Isolated',
    invert: false,
  }));
  return new BpeTokenizer(
    {
      added_tokens: [],
      normalizer: null,
      post_processor: null,
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [...splits, {type: 'ByteLevel', add_prefix_space: false, use_regex: false}],
      },
      decoder: null,
      model: {
        type: 'BPE',
        vocab: Object.fromEntries(vocabulary),
        merges: mergesOf(model, vocabulary),
        ignore_merges: false,
      },
    },
    {},
  );
}

/** What text is made of: a control token is never among it, even where merges could spell it. */
function wordsOf({tokens, controlTokenIds}: TokenizerMetadata): ReadonlyMap<string, number> {
  const words = new Map(tokens.map((text, id) => [text, id]));
  for (const id of controlTokenIds) words.delete(tokens[id] ?? '');
  return words;
}

/** The merges that make words, as pairs, in their order. */
function mergesOf(
  {tokens, merges, controlTokenIds}: TokenizerMetadata,
  words: ReadonlyMap<string, number>,
): readonly (readonly [string, string])[] {
  if (merges.length === 0) {
    throw new TextUnsupportedError('merges', '"tokenizer.ggml.merges" is missing or empty');
  }
  const control = new Set(controlTokenIds.map((id) => tokens[id]));
  const pairs: (readonly [string, string])[] = [];
  for (const merge of merges) {
    const [left, right, ...rest] = merge.split(' ');
    if (!left || !right || rest.length > 0) {
      throw new TextUnsupportedError('merges', `"${merge}" is not two parts with a space between`);
    }
    const merged = left + right;
    if (words.has(merged)) pairs.push([left, right]);
    else if (!control.has(merged)) {
      throw new TextUnsupportedError('merges', `"${merge}" makes "${merged}", which is no token`);
    }
  }
  return pairs;
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
