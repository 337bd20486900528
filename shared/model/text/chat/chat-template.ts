import type {GgufMetadata} from '../../gguf/gguf-file.ts';
import {readTokenizerMetadata} from '../metadata/tokenizer-metadata.ts';
import type {ChatMessage, Tool} from '../messages/chat-message.ts';
import {parseTemplate} from './python/syntax/parse-template.ts';
import {ChatTemplateError} from './chat-template-error.ts';
import {TemplateRefusal} from './python/functions.ts';
import {renderTemplate, TemplateTooLargeError} from './render-template.ts';

/** Of the library's own words on a template; they may quote it. */
const MOST_CHARACTERS = 200;

/** What a template asks for besides the messages. */
export type RenderOptions = {
  /** Unix time: some templates tell the model the date. */
  readonly nowMs: number;
  /** Whether the model is to think first (`enable_thinking`); absent: as its template has it. */
  readonly thinking?: boolean;
  /** What the model may call; absent: nothing. */
  readonly tools?: readonly Tool[];
};

/** Messages → the text that the model was trained to continue. */
export interface ChatTemplate {
  /** Jinja source. */
  readonly source: string;
  /**
   * Ends with the opening of the assistant's answer. What users wrote can contain control
   * tokens in this text: to run a model on it, use `encodeChat`.
   * @throws {ChatTemplateError} when the template refuses these messages.
   */
  render(messages: readonly ChatMessage[], options: RenderOptions): string;
}

/** @throws {ChatTemplateError} when the file has no template, or one that does not parse. */
export function createChatTemplate(metadata: GgufMetadata): ChatTemplate {
  const {chatTemplate: source, bosToken, eosToken} = readTokenizerMetadata(metadata);
  if (source === null) throw new ChatTemplateError('the file has none ("tokenizer.chat_template")');
  const parsed = orTemplateError('it is no valid Jinja template', () => parseTemplate(source));
  return {
    source,
    render: (messages, {nowMs, thinking, tools: known = []}) => {
      const renderWith = (tools: readonly object[] | null) =>
        renderTemplate(
          parsed,
          {
            messages: messages.map(messageOf),
            tools,
            documents: null,
            add_generation_prompt: true,
            bos_token: bosToken ?? '',
            eos_token: eosToken ?? '',
            ...(thinking === undefined ? {} : {enable_thinking: thinking}),
          },
          {messageCount: messages.length + known.length, nowMs},
        );
      return orTemplateError('it fails on these messages', () =>
        known.length > 0 ? renderWith(known.map(toolOf)) : withoutTools(renderWith),
      );
    },
  };
}

/** As templates know a message: calls have their arguments as an object, since they write the JSON themselves. */
function messageOf({role, content, toolCalls, toolCallId}: ChatMessage): object {
  return {
    role,
    content,
    ...(toolCalls !== undefined && {
      tool_calls: toolCalls.map(({id, name, arguments: values}) => ({
        id,
        type: 'function',
        function: {name, arguments: values},
      })),
    }),
    ...(toolCallId !== undefined && {tool_call_id: toolCallId}),
  };
}

function toolOf({name, description, parameters}: Tool): object {
  const described = description === undefined ? {} : {description};
  return {type: 'function', function: {name, ...described, parameters}};
}

/** No tools are `none` to most templates; some go through the list without asking. */
function withoutTools(render: (tools: readonly object[] | null) => string): string {
  try {
    return render(null);
  } catch (error) {
    const isRefusal = error instanceof TemplateRefusal || error instanceof TemplateTooLargeError;
    if (isRefusal || isStackOverflow(error)) throw error;
    return render([]);
  }
}

/** What browsers throw then, each in words of its own. */
function isStackOverflow(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isOfBrowser = error instanceof RangeError || error.name === 'InternalError';
  return isOfBrowser && /call stack|recursion/u.test(error.message);
}

/** @param otherwise what is wrong when only the library has words for it. */
function orTemplateError<T>(otherwise: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (isStackOverflow(cause)) {
      throw new ChatTemplateError(
        'its parts, or those of the chat, lie too deep within each other',
        {cause},
      );
    }
    const hasWords = cause instanceof TemplateRefusal || cause instanceof TemplateTooLargeError;
    const words = cause instanceof Error ? cause.message.slice(0, MOST_CHARACTERS) : String(cause);
    throw new ChatTemplateError(hasWords ? cause.message : `${otherwise}: ${words}`, {cause});
  }
}
