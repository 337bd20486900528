import type {ChatMessage, ChatTemplate} from './chat-template.ts';
import {createSplitAtTokens} from '../split-at-tokens.ts';
import type {Tokenizer} from '../tokenizer.ts';

// Supplementary private use: 131,068 characters, so a prompt that fits a context leaves some over.
const FIRST_STAND_IN = 0xf0000;

/**
 * The prompt of a chat as token ids. Control tokens come from the template alone:
 * a message that says `<|im_end|>` is encoded as those characters, so nobody can
 * close their own message and speak as the system.
 *
 * For that, control tokens inside messages are replaced by private-use characters
 * that occur nowhere else, the template is rendered (it may trim or compare
 * contents), and the text between the template's own control tokens gets the
 * original characters back before it is encoded as plain text.
 *
 * @throws {ChatTemplateError} when the template refuses these messages.
 */
export function encodeChat(input: {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly messages: readonly ChatMessage[];
}): number[] {
  const {tokenizer, template, messages} = input;
  const splitAtControl = createSplitAtTokens(tokenizer.controlTokens);
  const contents = messages.map((message) => message.content);
  const present = [...tokenizer.controlTokens.keys()].filter((token) =>
    contents.some((content) => content.includes(token)),
  );
  const standIns = chooseStandIns(present, [template.source, ...contents]);
  const harmless = messages.map(({role, content}) => ({
    role,
    content: replaceAll(content, standIns),
  }));
  const originals = new Map([...standIns].map(([token, standIn]) => [standIn, token]));
  const ids = splitAtControl(template.render(harmless)).flatMap((piece) =>
    piece.kind === 'token'
      ? [piece.tokenId]
      : tokenizer.encode(replaceAll(piece.text, originals), {specialTokens: 'plain'}),
  );
  return withBegin(ids, tokenizer.beginTokenId);
}

/** Most templates write the begin token themselves: then it is there once. */
function withBegin(ids: number[], beginTokenId: number | null): number[] {
  return beginTokenId === null || ids[0] === beginTokenId ? ids : [beginTokenId, ...ids];
}

/** Token → a character that none of the texts has, longest token first. */
function chooseStandIns(
  tokens: readonly string[],
  texts: readonly string[],
): ReadonlyMap<string, string> {
  const isTaken = (character: string) => texts.some((text) => text.includes(character));
  const standIns = new Map<string, string>();
  let code = FIRST_STAND_IN;
  for (const token of tokens.toSorted((a, b) => b.length - a.length)) {
    while (isTaken(String.fromCodePoint(code))) code += 1;
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
