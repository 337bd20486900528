import type {ChoicePart} from '../answers/ask-choices.ts';
import type {AnswerPart} from '../answers/read-answer.ts';
import type {ChosenToken} from '../answers/text-tokens.ts';
import type {AnswerForm, CallText, ChoiceText, Heading, Usage} from './answer-form.ts';

type Parts = AsyncIterable<ChoicePart>;
type Writing = {
  readonly heading: Heading;
  readonly form: AnswerForm;
  /** Answers to each prompt. */
  readonly answersEach: number;
};

/** Tokens of a whole request: each prompt counts once, however many answers it has. */
class UsageCount {
  readonly #answersEach: number;
  #promptTokens = 0;
  #completionTokens = 0;

  constructor(answersEach: number) {
    this.#answersEach = answersEach;
  }

  count({index, part}: ChoicePart): void {
    if (part.kind === 'prompt' && index % this.#answersEach === 0) {
      this.#promptTokens += part.promptTokens;
    }
    if (part.kind === 'end') this.#completionTokens += part.completionTokens;
  }

  read(): Usage {
    return {
      prompt_tokens: this.#promptTokens,
      completion_tokens: this.#completionTokens,
      total_tokens: this.#promptTokens + this.#completionTokens,
    };
  }
}

/** The response of a request that does not stream. @throws what the answers throw. */
export async function writeWhole(
  parts: Parts,
  {heading, form, answersEach}: Writing,
): Promise<object> {
  const usage = new UsageCount(answersEach);
  const choices: WholeChoice[] = [];
  for await (const choicePart of parts) {
    const {index, part} = choicePart;
    usage.count(choicePart);
    const choice = (choices[index] ??= {text: '', tokens: [], calls: [], finishReason: null});
    addPart(choice, part);
  }
  const texts = choices.map((choice, index) => ({...choice, index, offset: 0}));
  return form.whole(heading, texts, usage.read());
}

type WholeChoice = {
  text: string;
  readonly tokens: ChosenToken[];
  readonly calls: CallText[];
  finishReason: ChoiceText['finishReason'];
};

function addPart(choice: WholeChoice, part: AnswerPart): void {
  switch (part.kind) {
    case 'text':
      choice.text += part.text;
      choice.tokens.push(...part.tokens);
      return;
    case 'call':
    case 'arguments': {
      const {callIndex, opening, arguments: json} = callTextOf(part);
      const before = choice.calls[callIndex] ?? {callIndex, opening, arguments: ''};
      choice.calls[callIndex] = {...before, arguments: before.arguments + json};
      return;
    }
    case 'end':
      choice.finishReason = part.finishReason;
      return;
    default: // The prompt is no part of the answer.
  }
}

function callTextOf(part: Extract<AnswerPart, {readonly kind: 'call' | 'arguments'}>): CallText {
  const {callIndex} = part;
  return part.kind === 'call'
    ? {callIndex, opening: {id: part.id, name: part.name}, arguments: ''}
    : {callIndex, opening: null, arguments: part.text};
}

/** What is new of an answer, as a piece of it. */
function shownOf(
  {index, part}: ChoicePart & {readonly part: Exclude<AnswerPart, {readonly kind: 'prompt'}>},
  offset: number,
): ChoiceText {
  const nothing = {index, text: '', tokens: [], calls: [], offset, finishReason: null};
  switch (part.kind) {
    case 'text':
      return {...nothing, text: part.text, tokens: part.tokens};
    case 'end':
      return {...nothing, finishReason: part.finishReason};
    default:
      return {...nothing, calls: [callTextOf(part)]};
  }
}

/**
 * The events of a request that streams, one by one as its reader takes them.
 *
 * @throws what the answers throw: before the first event, when they never began.
 */
export async function* writeChunks(
  parts: Parts,
  {heading, form, answersEach, withUsage}: Writing & {readonly withUsage: boolean},
): AsyncGenerator<object, void, undefined> {
  const usage = new UsageCount(answersEach);
  const offsets: number[] = [];
  const isOpened: boolean[] = [];
  const without = withUsage ? {usage: null} : {};
  for await (const choicePart of parts) {
    const {index, part} = choicePart;
    usage.count(choicePart);
    if (part.kind === 'prompt') continue;
    if (isOpened[index] !== true) {
      isOpened[index] = true;
      const opening = form.opening(heading, index);
      if (opening !== null) yield {...opening, ...without};
    }
    const offset = offsets[index] ?? 0;
    const shown = shownOf({index, part}, offset);
    offsets[index] = offset + shown.text.length;
    yield {...form.chunk(heading, shown), ...without};
  }
  if (withUsage) yield form.usageChunk(heading, usage.read());
}
