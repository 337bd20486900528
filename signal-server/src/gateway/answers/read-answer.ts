import type {AnswerEvent, TokenLogprob} from '#shared/client/chat/chat-service.ts';
import {ServedWatch} from '#shared/client/chat/not-served-error.ts';
import {StopFinder} from './stop-finder.ts';

export type ChosenToken = {
  readonly id: number;
  readonly logprob: number;
  readonly top: readonly TokenLogprob[];
};

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
  /** Texts that end the answer, and are not part of it. */
  readonly stops: readonly string[];
  readonly endTokenIds: readonly number[];
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
  readonly #shown: ShownTokens;
  readonly #served: ServedWatch;
  #completionTokens = 0;

  constructor({stops, endTokenIds, nowMs}: Options) {
    this.#served = new ServedWatch(nowMs);
    this.#shown = new ShownTokens(stops, endTokenIds);
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
        return this.#show(this.#shown.push(event), null);
      case 'end':
        return this.#show(this.#shown.end(event), event.finishReason);
      default: // Which hops serve it, is not a part of this API.
        return [];
    }
  }

  #show(part: ShownPart, ended: 'stop' | 'length' | null): readonly AnswerPart[] {
    const {text, tokens} = part;
    this.isStopped = part.isStopped;
    const finishReason = part.isStopped ? 'stop' : ended;
    const completionTokens = this.#completionTokens;
    return [
      ...(text !== '' || tokens.length > 0 ? [{kind: 'text', text, tokens} as const] : []),
      ...(finishReason === null ? [] : [{kind: 'end', finishReason, completionTokens} as const]),
    ];
  }
}

type ShownPart = {
  readonly text: string;
  readonly tokens: readonly ChosenToken[];
  readonly isStopped: boolean;
};

type EventOf<Kind> = Extract<AnswerEvent, {readonly kind: Kind}>;

/** Tokens go out with their text: one that may belong to a stop is held back with it. */
class ShownTokens {
  readonly #stops: StopFinder;
  readonly #endTokenIds: readonly number[];
  #pending: {readonly token: ChosenToken; readonly start: number; readonly end: number}[] = [];
  #pushedCharacters = 0;
  #shownCharacters = 0;

  constructor(stops: readonly string[], endTokenIds: readonly number[]) {
    this.#stops = new StopFinder(stops);
    this.#endTokenIds = endTokenIds;
  }

  push({tokenId: id, text, logprob, topLogprobs: top}: EventOf<'token'>): ShownPart {
    const start = this.#pushedCharacters;
    if (!this.#endTokenIds.includes(id)) {
      this.#pending.push({token: {id, logprob, top}, start, end: start + text.length});
    }
    return this.#show(text);
  }

  /** What is left when the answer is over. */
  end({text}: EventOf<'end'>): ShownPart {
    const before = this.#show(text);
    if (before.isStopped) return before;
    const tokens = [...before.tokens, ...this.#take(() => true)];
    return {text: before.text + this.#stops.end(), tokens, isStopped: false};
  }

  #show(piece: string): ShownPart {
    this.#pushedCharacters += piece.length;
    const {text, isStopped} = this.#stops.push(piece);
    this.#shownCharacters += text.length;
    // Of a token that the stop cuts, the first part is shown.
    const tokens = this.#take(({start, end}) =>
      isStopped ? start < this.#shownCharacters : end <= this.#shownCharacters,
    );
    return {text, tokens, isStopped};
  }

  #take(isShown: (entry: {readonly start: number; readonly end: number}) => boolean) {
    const count = this.#pending.findIndex((entry) => !isShown(entry));
    const taken = this.#pending.splice(0, count === -1 ? this.#pending.length : count);
    return taken.map(({token}) => token);
  }
}
