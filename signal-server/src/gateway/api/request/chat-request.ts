import * as z from 'zod';
import {ASKED_BOUNDS} from '#shared/client/chat/asked-sampling.ts';
import type {JsonObject} from '#shared/model/text/messages/chat-message.ts';
import {areCallsAnswered} from './are-calls-answered.ts';
import {isNestedWithin} from './is-nested-within.ts';
import {givenName} from './given-names.ts';
import {chatFields, commonFields, unsupportedPart} from './request-fields.ts';
import {readToolChoice} from './tool-choice.ts';

const textPart = z.strictObject({type: z.literal('text'), text: z.string()});
const content = z.union([z.string(), z.array(textPart).min(1)]);

/** Of the arguments of a call, in each other: templates write them by recursion. */
const MOST_LEVELS = 32;
/** Of the arguments of all calls of a request, as JSON: more than the contexts of models here hold. */
const MOST_ARGUMENTS = 128_000;
/** A text, as clients have it of an answer. */
const jsonObject = z
  .string()
  .max(MOST_ARGUMENTS, {abort: true})
  .refine((text) => {
    const values = objectOf(text);
    return values !== null && isNestedWithin(values, MOST_LEVELS);
  });

/** The object that a text is in JSON, or `null`. */
export function objectOf(json: string): JsonObject | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
}

const {mostMessages} = ASKED_BOUNDS;

const nothing = z.array(z.never()).max(0).nullish();

/** What the official client adds to an answer that it has read: what the text beside it says. */
const asValue = z.unknown().optional();

const toolCall = z.strictObject({
  id: z.string().min(1),
  type: z.literal('function'),
  function: z.strictObject({name: givenName, arguments: jsonObject, parsed_arguments: asValue}),
});

const messageSchema = z.discriminatedUnion('role', [
  z.strictObject({role: z.enum(['system', 'developer', 'user']), content}),
  z.strictObject({
    role: z.literal('assistant'),
    /** It may be missing where there are calls. */
    content: content.nullish(),
    tool_calls: z.array(toolCall).nullish(),
    // What a client has from an answer of before, and nothing is in it.
    refusal: unsupportedPart,
    annotations: nothing,
    function_call: unsupportedPart,
    audio: unsupportedPart,
    parsed: asValue,
  }),
  z.strictObject({role: z.literal('tool'), content, tool_call_id: z.string().min(1)}),
]);

export const chatRequestSchema = z
  .strictObject({
    messages: z
      .array(messageSchema)
      .min(1)
      .max(mostMessages)
      .meta({
        description: `a list of up to ${mostMessages} messages, each with "role" (system, developer, user, assistant or tool) and "content" (a text, or parts of type "text"); an assistant may have "tool_calls" whose arguments are a JSON object (with up to ${MOST_ARGUMENTS} characters in all), and a tool names as "tool_call_id" a call before it`,
      }),
    ...commonFields,
    ...chatFields,
  })
  .refine(({stream, stream_options}) => stream === true || stream_options == null, {
    path: ['stream_options'],
  })
  .refine(({logprobs, top_logprobs}) => logprobs === true || top_logprobs == null, {
    path: ['top_logprobs'],
  })
  .refine(
    ({max_tokens: most, max_completion_tokens: mostNew}) =>
      most == null || mostNew == null || most === mostNew,
    {path: ['max_completion_tokens']},
  )
  .refine(({messages}) => messages.every(saysSomething), {path: ['messages']})
  .refine(({messages}) => charactersOfArguments(messages) <= MOST_ARGUMENTS, {path: ['messages']})
  .refine(({messages}) => areCallsAnswered(messages), {path: ['messages']})
  .refine(({tools, tool_choice}) => namesTool(tools, tool_choice), {path: ['tool_choice']})
  .refine(({tools}) => areNamedOnce(tools), {path: ['tools']})
  .readonly();

type Message = z.infer<typeof messageSchema>;
type Tools = z.infer<typeof chatFields.tools>;
type ToolChoice = z.infer<typeof chatFields.tool_choice>;

function saysSomething(message: Message): boolean {
  return message.content != null || ('tool_calls' in message && message.tool_calls != null);
}

function charactersOfArguments(messages: readonly Message[]): number {
  const calls = messages.flatMap((message) =>
    'tool_calls' in message ? (message.tool_calls ?? []) : [],
  );
  return calls.reduce((sum, call) => sum + call.function.arguments.length, 0);
}

function namesTool(tools: Tools, choice: ToolChoice): boolean {
  const known = (tools ?? []).map((tool) => tool.function.name);
  const {names, isRequired} = readToolChoice(choice);
  if (isRequired && known.length === 0) return false;
  return (names ?? []).every((name) => known.includes(name));
}

function areNamedOnce(tools: Tools): boolean {
  const names = (tools ?? []).map((tool) => tool.function.name);
  return new Set(names).size === names.length;
}

/** A call in a message of before. */
export type AskedCall = z.infer<typeof toolCall>;
export type ChatRequest = z.infer<typeof chatRequestSchema>;
