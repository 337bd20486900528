import type {ChatMessage} from '../messages/chat-message.ts';
import type {ChatTemplate, RenderOptions} from './chat-template.ts';
import {ChatTemplateError} from './chat-template-error.ts';
import {acceptableTo} from './fold-system.ts';
import {mapTexts, textsOf} from '../messages/written-texts.ts';
import type {TextPiece} from '../split-at-tokens.ts';
import type {Tokenizer} from '../tokenizer.ts';

type Pieces = readonly TextPiece[];

// Supplementary private use: 131,068 characters, so a prompt that fits a context leaves some over.
const FIRST_STAND_IN = 0xf0000;
const LAST_STAND_IN = 0x10fffd;
const STAND_IN = /[\u{f0000}-\u{10fffd}]/gu;

/**
 * The prompt of a chat as token ids. Control tokens come from the template alone:
 * a message that says `<|im_end|>` is encoded as those characters, so nobody can
 * close their own message and speak as the system.
 *
 * For that, control tokens inside messages are replaced by private-use characters
 * that occur nowhere else, the template is rendered (it may trim or compare
 * contents), and the text between the template's own control tokens gets the
 * original characters back before it is encoded as plain text. Where the edge of
 * a message and the template's text beside it make up a control token, the edge is
 * replaced too. O(length of all texts), whatever their number.
 *
 * @throws {ChatTemplateError} when the template refuses these messages, with their system messages and
 *   with these in front of the questions.
 */
export function encodeChat({
  tokenizer,
  template,
  messages: asked,
  ...options
}: RenderOptions & {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly messages: readonly ChatMessage[];
}): number[] {
  const {tools, ...settings} = options;
  const messages = acceptableTo(template, asked, options);
  const written = {messages, tools};
  const contents = textsOf(written);
  const all = contents.join('\n');
  const present = [...tokenizer.controlTokens.keys()].filter((token) => all.includes(token));
  const edges = [...new Set(contents.flatMap(edgesOf))];
  const standIns = chooseStandIns([...present, ...edges], template.source + all);
  const ofTokens = new Map([...standIns].filter(([text]) => present.includes(text)));
  const render = (standIn: (content: string) => string) => {
    const guarded = mapTexts(written, standIn);
    const known = guarded.tools === undefined ? {} : {tools: guarded.tools};
    return tokenizer.splitAtControl(template.render(guarded.messages, {...settings, ...known}));
  };
  const harmless = render((content) => replaceAll(content, ofTokens));
  const guarded = render((content) => replaceEdges(replaceAll(content, ofTokens), standIns));
  // A template may compare contents, so their edges stay wherever they join with nothing.
  const pieces = hasSameTokens(harmless, guarded) ? harmless : guarded;
  const originals = new Map([...standIns].map(([text, standIn]) => [standIn, text]));
  const ids = pieces.flatMap((piece) =>
    piece.kind === 'token'
      ? [piece.tokenId]
      : tokenizer.encode(
          piece.text.replaceAll(STAND_IN, (standIn) => originals.get(standIn) ?? standIn),
          {specialTokens: 'plain'},
        ),
  );
  return withBegin(ids, tokenizer.beginTokenId);
}

/** The prompt of a text that goes on: all of it plain, after the begin token of the model. */
export function encodeText(tokenizer: Tokenizer, text: string): number[] {
  return withBegin(tokenizer.encode(text, {specialTokens: 'plain'}), tokenizer.beginTokenId);
}

/** First and last character, blanks apart: what the text of a template can be joined to. */
function edgesOf(content: string): readonly string[] {
  const characters = Array.from(content.trim());
  const edges = [...characters.slice(0, 1), ...characters.slice(-1)];
  // In JSON they are written with a backslash, and are part of no token that steers.
  return edges.filter((character) => !/["\\\p{Cc}]/u.test(character));
}

function replaceEdges(content: string, standIns: ReadonlyMap<string, string>): string {
  const characters = Array.from(content);
  for (const at of [
    characters.findIndex((character) => character.trim() !== ''),
    characters.findLastIndex((character) => character.trim() !== ''),
  ]) {
    const character = characters[at];
    if (character !== undefined) characters[at] = standIns.get(character) ?? character;
  }
  return characters.join('');
}

function hasSameTokens(one: Pieces, other: Pieces): boolean {
  const idsOf = (pieces: Pieces) =>
    pieces.flatMap((piece) => (piece.kind === 'token' ? [piece.tokenId] : []));
  return idsOf(one).join() === idsOf(other).join();
}

/** Most templates write the begin token themselves: then it is there once. */
function withBegin(ids: number[], beginTokenId: number | null): number[] {
  return beginTokenId === null || ids[0] === beginTokenId ? ids : [beginTokenId, ...ids];
}

/**
 * Token or edge → a character that the text does not have, longest first.
 *
 * @throws {ChatTemplateError} when it has nearly all of them.
 */
function chooseStandIns(tokens: readonly string[], text: string): ReadonlyMap<string, string> {
  const taken = new Set(text.match(STAND_IN));
  const standIns = new Map<string, string>();
  let code = FIRST_STAND_IN;
  for (const token of tokens.toSorted((a, b) => b.length - a.length)) {
    while (taken.has(String.fromCodePoint(code))) code += 1;
    if (code > LAST_STAND_IN) throw new ChatTemplateError('too many characters of private use');
    standIns.set(token, String.fromCodePoint(code));
    code += 1;
  }
  return standIns;
}

function replaceAll(text: string, replacements: ReadonlyMap<string, string>): string {
  let result = text;
  for (const [from, to] of replacements) result = result.replaceAll(from, () => to);
  return result;
}
