import * as z from 'zod';
import {WeftError} from '#shared/base/errors.ts';
import type {GgufFile, GgufMetadata} from '#shared/model/gguf/gguf-file.ts';
import {ModelUnreadableError} from '#shared/model/model-unreadable-error.ts';
import type {ChatMessage} from '#shared/model/text/messages/chat-message.ts';
import {createChatTemplate} from '#shared/model/text/chat/chat-template.ts';
import {ChatTemplateError} from '#shared/model/text/chat/chat-template-error.ts';
import {encodeChat} from '#shared/model/text/chat/encode-chat.ts';
import {TextUnsupportedError} from '#shared/model/text/metadata/text-unsupported-error.ts';
import {createTokenizer} from '#shared/model/text/tokenizer.ts';
import {readJsonFile} from '../command-line/files/read-json-file.ts';

/** Control tokens in the text as the characters that they are, and as control tokens. */
type TextTokens = {readonly plain: readonly number[]; readonly special: readonly number[]};

type RenderedChat =
  | {readonly text: string; readonly ids: readonly number[]}
  | {readonly error: string};

const textsSchema = z.array(z.string());
const chatsSchema = z.array(
  z.array(
    z.object({role: z.enum(['system', 'user', 'assistant']), content: z.string()}).readonly(),
  ),
);

/** Paths of JSON files: a list of texts, and a list of chats. */
export type AskedText = {
  readonly tokenize?: string | undefined;
  readonly render?: string | undefined;
};

type TextInspection = {
  readonly tokens?: readonly TextTokens[];
  readonly rendered?: readonly RenderedChat[];
};

/**
 * What a model makes of texts and chats. What it can make nothing of is left out: why, is for the
 * inspection of the file to say.
 *
 * @throws {WeftError} `FILE_UNREADABLE` when a file is not what it should be.
 */
export async function inspectText(
  readHeader: () => Promise<GgufFile>,
  {tokenize, render}: AskedText,
): Promise<TextInspection> {
  if (tokenize === undefined && render === undefined) return {};
  const metadata = await orNothing(async () => (await readHeader()).metadata);
  if (metadata === undefined) return {};
  const nowMs = Date.now();
  const tokens =
    tokenize === undefined ? undefined : await orNothing(() => tokenizeFile(tokenize, metadata));
  const rendered =
    render === undefined ? undefined : await orNothing(() => renderFile(render, metadata, {nowMs}));
  return {...(tokens && {tokens}), ...(rendered && {rendered})};
}

async function orNothing<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    const isOfTheModel =
      error instanceof ModelUnreadableError ||
      error instanceof TextUnsupportedError ||
      error instanceof ChatTemplateError;
    if (!isOfTheModel) throw error;
    return undefined;
  }
}

/** The texts of a JSON file as tokens of a model, without begin and end. */
async function tokenizeFile(path: string, metadata: GgufMetadata): Promise<readonly TextTokens[]> {
  const texts = await readList('tokenize', {path, schema: textsSchema, items: 'texts'});
  const tokenizer = createTokenizer(metadata);
  return texts.map((text) => ({
    plain: tokenizer.encode(text, {specialTokens: 'plain'}),
    special: tokenizer.encode(text, {specialTokens: 'parse'}),
  }));
}

/** The chats of a JSON file as prompts of a model: what its template makes of them, or why it refuses. */
async function renderFile(
  path: string,
  metadata: GgufMetadata,
  options: {readonly nowMs: number},
): Promise<readonly RenderedChat[]> {
  const items = 'lists of messages, each with "role" and "content"';
  const chats = await readList('render', {path, schema: chatsSchema, items});
  const tokenizer = createTokenizer(metadata);
  const template = createChatTemplate(metadata);
  return chats.map((messages: readonly ChatMessage[]) => {
    try {
      const text = template.render(messages, options);
      return {text, ids: encodeChat({tokenizer, template, messages, ...options})};
    } catch (error) {
      if (!(error instanceof ChatTemplateError)) throw error;
      return {error: error.message};
    }
  });
}

async function readList<Items>(
  doing: string,
  list: {readonly path: string; readonly schema: z.ZodType<Items>; readonly items: string},
): Promise<Items> {
  const {path, schema, items} = list;
  const parsed = schema.safeParse(await readJsonFile(doing, path));
  if (parsed.success) return parsed.data;
  const place = (parsed.error.issues[0]?.path ?? []).map((part) => `[${String(part)}]`).join('');
  throw new WeftError(
    {code: 'FILE_UNREADABLE', path},
    `Cannot ${doing} "${path}": it must be a list of ${items}${place === '' ? '' : `, and ${place} is not`}`,
    {cause: parsed.error},
  );
}
