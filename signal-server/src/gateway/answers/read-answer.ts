import type {AnswerEvent} from '#shared/client/chat/chat-service.ts';
import {ServedWatch} from '#shared/client/chat/not-served-error.ts';
import type {CallForm} from '../grammar/grammar-messages.ts';
import {CallReader, type CallPart} from '../tools/call-reader.ts';
import {ShownText, type ShownPart} from './shown-text.ts';
import {TextTokens, type ChosenToken} from './text-tokens.ts';

export type FinishReason = 'stop' | 'length' | 'tool_calls';

/** One answer as the API gives it, in this order: `prompt`, any number of `text` and calls, `end`. */
export type AnswerPart =
  | {readonly kind: 'prompt'; readonly promptTokens: number}
  /** `tokens`: those whose text is shown now, whole or up to where the answer was stopped. */
  | {readonly kind: 'text'; readonly text: string; readonly tokens: readonly ChosenToken[]}
  /** A call of a tool begins; its arguments follow. */
  | {
      readonly kind: 'call';
      readonly callIndex: number;
      readonly id: string;
      readonly name: string;
    }
  | {readonly kind: 'arguments'; readonly callIndex: number; readonly text: string}
  | {
      readonly kind: 'end';
      readonly finishReason: FinishReason;
      readonly completionTokens: number;
    };

type Options = {
  /** Texts that end the answer, and are not part of it. They are looked for in its text, and not in its calls. */
  readonly stops: readonly string[];
  readonly endTokenIds: readonly number[];
  /** How the answer may call tools; empty: not at all. */
  readonly forms: readonly CallForm[];
  readonly newCallId: () => string;
  /** Of any clock that only goes forward. */
  readonly nowMs: () => number;
};

/**
 * What the API shows of an answer. Whoever waits for layers that nobody serves waits for people, so an
 * answer that has not begun says so at once.
 *
 * @throws {NotServedError}, and what the answer throws.
 */
export async function* readAnswer(
  events: AsyncIterable<AnswerEvent>,
  options: Options,
): AsyncGenerator<AnswerPart, void, undefined> {
  const reading = new AnswerReading(options);
  for await (const event of events) {
    yield* reading.take(event);
    if (reading.isStopped) return;
  }
}

class AnswerReading {
  isStopped = false;
  readonly #options: Options;
  readonly #served: ServedWatch;
  readonly #calls: CallReader;
  readonly #tokens = new TextTokens();
  readonly #shown: ShownText;
  #completionTokens = 0;
  #callCount = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#served = new ServedWatch(options.nowMs);
    this.#calls = new CallReader(options.forms);
    this.#shown = new ShownText(options.stops);
  }

  take(event: AnswerEvent): readonly AnswerPart[] {
    switch (event.kind) {
      case 'prompt':
        return [{kind: 'prompt', promptTokens: event.tokenIds.length}];
      case 'waiting':
        if (this.#completionTokens === 0) this.#served.waitsFor(event.missing);
        return [];
      case 'token':
        this.#completionTokens += 1;
        this.#place(event);
        return this.#read(this.#calls.push(event.text));
      case 'end':
        this.#tokens.skip(event.text.length);
        return this.#end(event);
      default: // Which hops serve it, is not a part of this API.
        return [];
    }
  }

  #place({tokenId: id, text, logprob, topLogprobs: top}: EventOf<'token'>): void {
    if (this.#options.endTokenIds.includes(id)) this.#tokens.skip(text.length);
    else this.#tokens.push({id, logprob, top}, text.length);
  }

  #end({text, finishReason}: EventOf<'end'>): readonly AnswerPart[] {
    const parts = this.#read([...this.#calls.push(text), ...this.#calls.end()]);
    if (this.isStopped) return parts;
    const held = this.#shown.end();
    const rest = this.#calls.isInText ? this.#tokens.rest() : [];
    return [
      ...parts,
      ...textPart({...held, tokens: [...held.tokens, ...rest]}),
      this.#endPart(finishReason),
    ];
  }

  /** Up to where a stop ends the answer. */
  #read(parts: readonly CallPart[]): readonly AnswerPart[] {
    const read: AnswerPart[] = [];
    for (const part of parts) {
      read.push(...this.#readPart(part));
      if (this.isStopped) return [...read, this.#endPart('stop')];
    }
    return read;
  }

  #readPart(part: CallPart): readonly AnswerPart[] {
    switch (part.kind) {
      case 'text': {
        const tokens = this.#tokens.take(part.start, part.text.length);
        const shown = this.#shown.push(part.text, tokens);
        this.isStopped = shown.isStopped;
        return textPart(shown);
      }
      case 'call': {
        // No stop goes on behind it.
        const before = textPart(this.#shown.end());
        const callIndex = this.#callCount;
        this.#callCount += 1;
        const id = this.#options.newCallId();
        return [...before, {kind: 'call', callIndex, id, name: part.name}];
      }
      default:
        return [{kind: 'arguments', callIndex: this.#callCount - 1, text: part.text}];
    }
  }

  #endPart(ended: 'stop' | 'length'): AnswerPart {
    const isCalling = ended === 'stop' && this.#callCount > 0;
    const completionTokens = this.#completionTokens;
    return {kind: 'end', finishReason: isCalling ? 'tool_calls' : ended, completionTokens};
  }
}

type EventOf<Kind> = Extract<AnswerEvent, {readonly kind: Kind}>;

function textPart({text, tokens}: ShownPart): readonly AnswerPart[] {
  return text !== '' || tokens.length > 0 ? [{kind: 'text', text, tokens}] : [];
}
