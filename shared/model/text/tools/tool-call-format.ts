import type {ChatMessage, Tool, ToolCall} from '../messages/chat-message.ts';
import type {ChatTemplate, RenderOptions} from '../chat/chat-template.ts';
import {ChatTemplateError} from '../chat/chat-template-error.ts';

/**
 * How a model writes that it calls a tool, as its template shows calls of before:
 * `begin {"name": NAME, ARGUMENTS_KEY: {…}} end`.
 */
export type ToolCallFormat = {
  readonly begin: string;
  readonly argumentsKey: string;
  readonly end: string;
  /** Between two calls; `null`: the model calls one at a time. */
  readonly separator: string | null;
};

const NAME = 'weft_probe';
const OTHER_NAME = 'weft_other_probe';
const ARGUMENTS = {weft_key: 'weft_value'};
const TEXT = 'weft_text';
const QUESTION: ChatMessage = {role: 'user', content: 'weft_question'};

/** Any times and settings do: what else a template says is not looked at. */
const OPTIONS: RenderOptions = {nowMs: 0, tools: [toolNamed(NAME), toolNamed(OTHER_NAME)]};

function toolNamed(name: string): Tool {
  return {name, description: 'weft_description', parameters: {type: 'object', properties: {}}};
}

/**
 * Looks how a template writes tools and calls, by what it makes of some.
 *
 * @returns `null` when it leaves them out, refuses them, or writes calls in another form than JSON with a name and
 *   arguments.
 */
export function readToolCallFormat(template: Pick<ChatTemplate, 'render'>): ToolCallFormat | null {
  try {
    if (!template.render([QUESTION], OPTIONS).includes(NAME)) return null;
    const around = aroundAnswer(template);
    const answer = answerOf(template, around, [NAME]);
    const call = answer === null ? null : objectAround(answer, NAME);
    if (answer === null || call === null) return null;
    const {start, end, argumentsKey} = call;
    const format = {begin: answer.slice(0, start), argumentsKey, end: answer.slice(end)};
    return {...format, separator: separatorOf(template, around, format)};
  } catch (error) {
    if (error instanceof ChatTemplateError) return null;
    throw error;
  }
}

type Around = {readonly before: string; readonly after: string};

/** What comes before and after the text of the assistant. */
function aroundAnswer(template: Pick<ChatTemplate, 'render'>): Around {
  const shown = template.render([QUESTION, {role: 'assistant', content: TEXT}], OPTIONS);
  const at = shown.lastIndexOf(TEXT);
  return {before: shown.slice(0, at), after: shown.slice(at + TEXT.length)};
}

/** What the template makes of an answer that calls these. */
function answerOf(
  template: Pick<ChatTemplate, 'render'>,
  {before, after}: Around,
  names: readonly string[],
): string | null {
  const toolCalls: readonly ToolCall[] = names.map((name, at) => ({
    id: `call_${at}`,
    name,
    arguments: ARGUMENTS,
  }));
  const shown = template.render([QUESTION, {role: 'assistant', content: '', toolCalls}], OPTIONS);
  if (!shown.startsWith(before) || !shown.endsWith(after)) return null;
  return shown.slice(before.length, shown.length - after.length);
}

function separatorOf(
  template: Pick<ChatTemplate, 'render'>,
  around: Around,
  {begin, end}: Pick<ToolCallFormat, 'begin' | 'end'>,
): string | null {
  let answer: string | null;
  try {
    answer = answerOf(template, around, [NAME, OTHER_NAME]);
  } catch (error) {
    if (error instanceof ChatTemplateError) return null;
    throw error;
  }
  if (answer === null) return null;
  const [first, second] = [objectAround(answer, NAME), objectAround(answer, OTHER_NAME)];
  if (first === null || second === null) return null;
  const between = answer.slice(first.end, second.start);
  const isSame = answer.startsWith(begin) && answer.endsWith(end);
  if (!isSame || !between.startsWith(end) || !between.endsWith(begin)) return null;
  const separator = between.slice(end.length, between.length - begin.length);
  return between.length < end.length + begin.length ? null : separator;
}

type Found = {readonly start: number; readonly end: number; readonly argumentsKey: string};

/** Where the JSON of a call is, if it has a name and arguments and nothing else. */
function objectAround(text: string, name: string): Found | null {
  const at = text.indexOf(`"${name}"`);
  const start = at === -1 ? -1 : text.lastIndexOf('{', at);
  if (start === -1) return null;
  for (let end = text.indexOf('}', at); end !== -1; end = text.indexOf('}', end + 1)) {
    const argumentsKey = argumentsKeyOf(text.slice(start, end + 1), name);
    if (argumentsKey !== null) return {start, end: end + 1, argumentsKey};
  }
  return null;
}

function argumentsKeyOf(json: string, name: string): string | null {
  let call: unknown;
  try {
    call = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof call !== 'object' || call === null) return null;
  const [first, second, ...rest] = Object.entries(call);
  if (first === undefined || second === undefined || rest.length > 0) return null;
  const isCall = first[0] === 'name' && first[1] === name;
  const hasArguments = JSON.stringify(second[1]) === JSON.stringify(ARGUMENTS);
  return isCall && hasArguments ? second[0] : null;
}
