import * as z from 'zod';
import type {GgufMetadata} from '../../gguf/gguf-file.ts';
import {readKeys, showValue, tokenId, tokenType} from '../../gguf/metadata-values.ts';
import {ModelUnreadableError} from '../../model-unreadable-error.ts';
import {BYTE_ALPHABET} from '../bytes/byte-alphabet.ts';
import {looksLikeControl, ordinaryTextsOf} from './control-texts.ts';
import {readEndTokenIds} from './end-tokens.ts';
import {type KnownText, readTextKind, type TextKind} from './supported-text.ts';
import {TextUnsupportedError} from './text-unsupported-error.ts';
import {WORD_CUTTINGS} from '../words/word-cuttings.ts';

const text = z.string({error: 'must be a text'});
const texts = z.array(text, {error: 'must be a list of texts'});
const flag = z.boolean({error: 'must be true or false'});
const score = z.number({error: 'must be a number'});

const schema = z.object({
  'tokenizer.ggml.model': text,
  'tokenizer.ggml.pre': text.default('default'),
  'tokenizer.ggml.tokens': texts.min(1, {error: 'must not be empty'}),
  'tokenizer.ggml.token_type': z.array(tokenType, {error: 'must be a list of types'}).optional(),
  'tokenizer.ggml.merges': texts.default([]),
  'tokenizer.ggml.scores': z.array(score, {error: 'must be a list of numbers'}).default([]),
  'tokenizer.ggml.add_space_prefix': flag.default(true),
  'tokenizer.ggml.unknown_token_id': tokenId.optional(),
  'tokenizer.ggml.bos_token_id': tokenId.optional(),
  'tokenizer.ggml.eos_token_id': tokenId.optional(),
  'tokenizer.ggml.eot_token_id': tokenId.optional(),
  'tokenizer.ggml.eom_token_id': tokenId.optional(),
  'tokenizer.ggml.add_bos_token': flag.optional(),
  'tokenizer.ggml.add_eos_token': flag.default(false),
  'tokenizer.ggml.add_sep_token': flag.default(false),
  'tokenizer.ggml.normalizer.lowercase': flag.default(true),
  'tokenizer.ggml.normalizer.strip_accents': flag.optional(),
  'tokenizer.chat_template': text.optional(),
});

// GGUF's `tokenizer.ggml.token_type`; https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;

/** What other kinds of vocabulary know nothing of. */
const OF_WORD_PIECE = /^tokenizer\.ggml\.normalizer\./u;

/** What tells of other kinds of vocabulary, of padding and of filling in code: no id in a chat depends on it. */
const HARMLESS =
  /^tokenizer\.(?:ggml\.(?:token_type_count|remove_extra_whitespaces|escape_whitespaces|precompiled_charsmap|hf_json|(?:padding|separator|seperator|mask|cls|prefix|suffix|middle|fim_\w+)_token_id)|huggingface\.json|rwkv\.world|chat_templates|chat_template\..+)$/u;

/** The tokenizer's part of the metadata, checked. */
export type TokenizerMetadata = {
  /** Named as a manifest names it. */
  readonly textKind: TextKind;
  readonly text: KnownText;
  /** Text of each id, in the model's own alphabet. */
  readonly tokens: readonly string[];
  readonly merges: readonly string[];
  /** Of each id, or empty. The higher, the earlier SentencePiece merges to it. */
  readonly scores: readonly number[];
  /** Whether a space goes before a text: SentencePiece learnt words with the space before them. */
  readonly addsSpacePrefix: boolean;
  /** What WordPiece makes of a word that has no tokens. */
  readonly unknownTokenId: number | null;
  /** What WordPiece does to letters before it looks for them. */
  readonly lowersCase: boolean;
  readonly stripsAccents: boolean;
  /** Ids that steer (`<|im_end|>`), by their type or by their text: no text of their own. */
  readonly controlTokenIds: readonly number[];
  /** Ids whose text is taken literally and never merged. */
  readonly userDefinedTokenIds: readonly number[];
  /** Ids that take the blanks behind them along. */
  readonly strippingTokenIds: readonly number[];
  /** Ascending. */
  readonly endTokenIds: readonly number[];
  /** Every prompt begins with it; `null` when the file asks for none. */
  readonly beginTokenId: number | null;
  readonly bosToken: string | null;
  readonly eosToken: string | null;
  /** Jinja source. */
  readonly chatTemplate: string | null;
};

/**
 * @throws {ModelUnreadableError} when a key is missing or wrong.
 * @throws {TextUnsupportedError} for a setting that is not known, and for control tokens without a text.
 */
export function readTokenizerMetadata(metadata: GgufMetadata): TokenizerMetadata {
  const data = readKeys(schema, metadata);
  const tokens = data['tokenizer.ggml.tokens'];
  const types = data['tokenizer.ggml.token_type'] ?? [];
  if (types.length > 0 && types.length !== tokens.length) {
    throw new ModelUnreadableError(
      `"tokenizer.ggml.token_type" has ${types.length} types for ${tokens.length} tokens`,
    );
  }
  const textKind = {
    vocabulary: data['tokenizer.ggml.model'],
    preTokenizer: data['tokenizer.ggml.pre'],
  };
  const known = readTextKind(textKind);
  refuseSettings(metadata, data, known);
  const ordinary = ordinaryTextsOf(tokens, data['tokenizer.ggml.merges']);
  const isControl = (id: number) => {
    const token = tokens[id] ?? '';
    if (types[id] === CONTROL || types[id] === UNKNOWN) return true;
    const isOrdinary = types[id] === NORMAL || types[id] === USER_DEFINED;
    return looksLikeControl(token) && !(isOrdinary && ordinary.has(token));
  };
  const ids = [...tokens.keys()];
  const controlTokenIds = ids.filter(isControl);
  const userDefinedTokenIds = ids.filter((id) => types[id] === USER_DEFINED && !isControl(id));
  refuseUnwritable(tokens, {control: controlTokenIds, literal: userDefinedTokenIds});
  const bosTokenId = inVocabulary(data, 'tokenizer.ggml.bos_token_id');
  const eosTokenId = inVocabulary(data, 'tokenizer.ggml.eos_token_id');
  const lowersCase = data['tokenizer.ggml.normalizer.lowercase'];
  return {
    textKind,
    text: known,
    tokens,
    merges: data['tokenizer.ggml.merges'],
    scores: data['tokenizer.ggml.scores'],
    addsSpacePrefix: data['tokenizer.ggml.add_space_prefix'],
    unknownTokenId: inVocabulary(data, 'tokenizer.ggml.unknown_token_id'),
    lowersCase,
    stripsAccents: data['tokenizer.ggml.normalizer.strip_accents'] ?? lowersCase,
    controlTokenIds,
    userDefinedTokenIds,
    strippingTokenIds: isPhi3(metadata)
      ? [...controlTokenIds, ...userDefinedTokenIds].filter(
          (id) => !PHI_3_KEEPS_BLANKS.has(tokens[id] ?? ''),
        )
      : [],
    endTokenIds: readEndTokenIds(metadata, {vocabularySize: tokens.length}),
    beginTokenId: beginsPrompts(data, known) ? bosTokenId : null,
    bosToken: bosTokenId === null ? null : (tokens[bosTokenId] ?? null),
    eosToken: eosTokenId === null ? null : (tokens[eosTokenId] ?? null),
    chatTemplate: data['tokenizer.chat_template'] ?? null,
  };
}

type Data = z.infer<typeof schema>;

/** Gemma 4 begins its prompts whatever the file says, as in llama.cpp; the others where it says nothing. */
function beginsPrompts(data: Data, known: KnownText): boolean {
  if (known.vocabulary === 'gemma4') return true;
  const byDefault =
    known.vocabulary !== 'gpt2' || WORD_CUTTINGS[known.preTokenizer].beginsByDefault;
  return data['tokenizer.ggml.add_bos_token'] ?? byDefault;
}

// The file does not say which tokens strip; llama.cpp knows Phi-3 by its name, and so do we.
const PHI_3_KEEPS_BLANKS: ReadonlySet<string> = new Set(['<unk>', '<s>', '<|endoftext|>']);

function isPhi3(metadata: GgufMetadata): boolean {
  const name = metadata['general.name'];
  return typeof name === 'string' && /phi-?3/iu.test(name);
}

function inVocabulary(
  data: Data,
  key: `tokenizer.ggml.${'bos' | 'eos' | 'unknown'}_token_id`,
): number | null {
  const id = data[key] ?? null;
  const {length} = data['tokenizer.ggml.tokens'];
  if (id === null || id < length) return id;
  throw new ModelUnreadableError(`"${key}" is ${id}: the vocabulary ends at ${length - 1}`);
}

function refuseSettings(metadata: GgufMetadata, data: Data, known: KnownText): void {
  const understood = new Set(
    Object.keys(schema.shape).filter(
      (key) => known.vocabulary === 'bert' || !OF_WORD_PIECE.test(key),
    ),
  );
  const unknown = Object.entries(metadata)
    .filter(([key]) => key.startsWith('tokenizer.') && !understood.has(key) && !HARMLESS.test(key))
    .map(([key, value]) => `"${key}" = ${showValue(value)}`);
  for (const key of ['tokenizer.ggml.add_eos_token', 'tokenizer.ggml.add_sep_token'] as const) {
    if (data[key]) unknown.push(`"${key}" = true`);
  }
  if (unknown.length === 0) return;
  throw new TextUnsupportedError('tokenizer setting', `${unknown.join(', ')} is not known`);
}

/** A token without text would be everywhere; a control token that is a letter would take it out of every text. */
function refuseUnwritable(
  tokens: readonly string[],
  {control, literal}: {readonly control: readonly number[]; readonly literal: readonly number[]},
): void {
  const empty = [...control, ...literal].find((id) => tokens[id] === '');
  const letter = control.find((id) => BYTE_ALPHABET.includes(tokens[id] ?? ''));
  const id = empty ?? letter;
  if (id === undefined) return;
  const what = id === empty ? 'an empty text' : `the letter "${tokens[id]}"`;
  throw new TextUnsupportedError('control tokens', `token ${id} is one and has ${what}`);
}
