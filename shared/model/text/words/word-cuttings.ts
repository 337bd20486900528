import {DEEPSEEK_LETTERS} from './deepseek-letters.ts';
import type {PreTokenizer} from './pre-tokenizers.ts';

/** How a text is cut before letters are merged: nothing is merged across a cut. */
export type WordCutting = {
  /** Each cuts what the one before it left in one piece; what it does not match stays a piece, too. */
  readonly patterns: readonly string[];
  /** A word that is a token is that token, even where merges lead elsewhere (`ignore_merges`). */
  readonly takesWholeWords: boolean;
  /** Prompts begin with the begin token where the file does not say. */
  readonly beginsByDefault: boolean;
};

// \p{White_Space} instead of \s: JavaScript's also has U+FEFF and lacks U+0085.
const BLANK = String.raw`\p{White_Space}`;
const BLANKS = String.raw`${BLANK}+(?!\P{White_Space})|${BLANK}+`;
const LINE_ENDS = String.raw`${BLANK}*[\r\n]+`;
const CONTRACTIONS = `'s|'t|'re|'ve|'m|'ll|'d`;
const CONTRACTIONS_IN_ANY_CASE = `'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]`;
const DIGIT = String.raw`\p{N}`;
const THREE_DIGITS = String.raw`\p{N}{1,3}`;
/** A mark or a space that goes with the word after it. */
const LEAD = String.raw`[^\r\n\p{L}\p{N}]?`;

const GPT_2 = String.raw`${CONTRACTIONS}| ?\p{L}+| ?\p{N}+| ?[^${BLANK}\p{L}\p{N}]+|${BLANKS}`;

/** GPT-4's, and what others made of it. */
function gpt4(digits: string, letter = String.raw`\p{L}`): string {
  const other = String.raw`[^${BLANK}${letter}\p{N}]`;
  return String.raw`${CONTRACTIONS_IN_ANY_CASE}|${LEAD}[${letter}]+|${digits}| ?${other}+[\r\n]*|${LINE_ENDS}|${BLANKS}`;
}

/** GPT-4o's: a capital begins a word. */
function gpt4o(digits: string, contractions: string): string {
  const upper = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
  const lower = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
  const word = `${LEAD}${upper}*${lower}+${contractions}|${LEAD}${upper}+${lower}*${contractions}`;
  return String.raw`${word}|${digits}| ?[^${BLANK}\p{L}\p{N}]+[\r\n/]*|${LINE_ENDS}|${BLANKS}`;
}

/** From U+0800 on, but for the white space among them. */
const CHINESE = `(?:(?!${BLANK})[一-龥ࠀ-一가-\u{d7ff}])+`;
const DEEPSEEK_LLM = [
  String.raw`[\r\n]`,
  `${BLANK}?[${DEEPSEEK_LETTERS}]+`,
  `${BLANK}?[!-/:-~！-／：-～‘-‟\u{3001}-。]+`,
  `${BLANK}+$`,
  CHINESE,
  String.raw`\p{N}+`,
];
const DEEPSEEK_CODER = [
  String.raw`[\r\n]`,
  String.raw`${BLANK}?\p{L}+`,
  String.raw`${BLANK}?\p{P}+`,
  CHINESE,
  DIGIT,
];
const DEEPSEEK_V3 = [
  THREE_DIGITS,
  '[一-龥\u{3040}-ゟ゠-ヿ]+',
  String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_` +
    String.raw`\u0060{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|${LINE_ENDS}|${BLANKS}`,
];
const FALCON = [String.raw`[\p{P}$+<=>^~|\u0060]+`, GPT_2, '[0-9][0-9][0-9]'];

const cutBy = (...patterns: readonly string[]): WordCutting => ({
  patterns,
  takesWholeWords: false,
  beginsByDefault: false,
});
const whole = (cutting: WordCutting): WordCutting => ({...cutting, takesWholeWords: true});
const begun = (cutting: WordCutting): WordCutting => ({...cutting, beginsByDefault: true});

const gpt2 = cutBy(GPT_2);
const digitByDigit = cutBy(DIGIT, GPT_2);
const llama3 = cutBy(gpt4(THREE_DIGITS));
const qwen2 = cutBy(gpt4(DIGIT));
const o200k = cutBy(gpt4o(THREE_DIGITS, `(?:${CONTRACTIONS_IN_ANY_CASE})?`));

/** The patterns are those of the models' own `tokenizer.json`. */
export const WORD_CUTTINGS: Readonly<Record<PreTokenizer, WordCutting>> = {
  'gpt-2': gpt2,
  mpt: gpt2,
  olmo: gpt2,
  exaone4: gpt2,
  smollm: digitByDigit,
  starcoder: digitByDigit,
  refact: digitByDigit,
  'command-r': digitByDigit,
  exaone: digitByDigit,
  'minerva-7b': digitByDigit,
  'llama-bpe': whole(begun(llama3)),
  llama3: whole(begun(llama3)),
  'llama-v3': whole(begun(llama3)),
  falcon3: whole(begun(llama3)),
  pixtral: whole(begun(llama3)),
  lfm2: whole(begun(llama3)),
  'midm-2.0': whole(begun(llama3)),
  dbrx: llama3,
  'smaug-bpe': llama3,
  glm4: whole(llama3),
  qwen2: qwen2,
  'deepseek-r1-qwen': qwen2,
  stablelm2: qwen2,
  megrez: qwen2,
  qwen35: cutBy(gpt4(DIGIT, String.raw`\p{L}\p{M}`)),
  'deepseek-llm': cutBy(...DEEPSEEK_LLM),
  'deepseek-coder': cutBy(...DEEPSEEK_CODER),
  'deepseek-v3': cutBy(...DEEPSEEK_V3),
  falcon: cutBy(...FALCON),
  'gpt-4o': o200k,
  llama4: o200k,
  tekken: whole(begun(cutBy(gpt4o(DIGIT, '')))),
};
