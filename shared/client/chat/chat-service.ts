import type {VocabularyProgress} from '../model/vocabulary.ts';
import type {Sampling} from '#shared/protocol/control/open-session.ts';
import type {ChatMessage, Tool} from '#shared/model/text/messages/chat-message.ts';
import type {TokenGuide} from '#shared/client/reader-event.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';

/** What anyone may ask of a swarm, in text or in token ids. */
export interface ChatService {
  /**
   * The answer as it comes; it ends when the reader stops or `signal` aborts.
   *
   * @throws {WeftError} whose message is a sentence for the reader.
   */
  ask(request: AskRequest, options: {readonly signal: AbortSignal}): AsyncIterable<AnswerEvent>;
}

export type Prompt =
  | {
      readonly kind: 'messages';
      readonly messages: readonly ChatMessage[];
      /** Whether the model is to think first; absent: as its template has it. */
      readonly thinking?: boolean;
      /** What the model may call; absent: nothing. */
      readonly tools?: readonly Tool[];
    }
  /** A text that goes on, without template. */
  | {readonly kind: 'text'; readonly text: string}
  /** Exactly these ids, without template. */
  | {readonly kind: 'token-ids'; readonly tokenIds: readonly number[]};

export type AskRequest = Omit<Sampling, 'guided'> & {
  readonly prompt: Prompt;
  readonly maxNewTokens: number;
  readonly guide?: TokenGuide;
};

/** One hop of the chain that serves an answer. */
export type ChainHop = {
  readonly node: string;
  readonly startLayer: number;
  readonly endLayer: number;
  readonly engine: string;
};

export type TokenLogprob = {readonly id: number; readonly logprob: number};

export type AnswerEvent =
  /** Before the first question can be read, what turns text into tokens comes: bytes, then parts of it. */
  | ({readonly kind: 'vocabulary'} & VocabularyProgress)
  /** The prompt as the model sees it. */
  | {readonly kind: 'prompt'; readonly tokenIds: readonly number[]}
  /** These layers cannot be served now, each for its reason; the answer begins when they can. */
  | {
      readonly kind: 'waiting';
      readonly missing: readonly MissingLayers[];
      /** How long it waits at one stretch; `null`: as long as its reader likes. */
      readonly patienceMs: number | null;
    }
  | {readonly kind: 'chain'; readonly hops: readonly ChainHop[]; readonly predictedStepMs: number}
  /**
   * Every hop is ready, and the prompt is sent when the next event is asked for. Per hop the position from
   * which it needs input: what comes before, prompt and answer together, is in its cache.
   */
  | {readonly kind: 'ready'; readonly sessionId: string; readonly inputFrom: readonly number[]}
  /** An answer that had begun lost a hop, `null` where nobody knows which; it goes on over another chain. */
  | {readonly kind: 'lost'; readonly code: string; readonly node: string | null}
  | {
      readonly kind: 'token';
      readonly tokenId: number;
      /** Text that this token completes; may be empty, never shows half a character. */
      readonly text: string;
      /** Natural logarithm of the model's own probability of this token. */
      readonly logprob: number;
      readonly topLogprobs: readonly TokenLogprob[];
      readonly atMs: number;
    }
  | {readonly kind: 'end'; readonly finishReason: 'stop' | 'length'; readonly text: string}
  /** What each hop took, as the tail says, and what was expected of it; last, or not at all. */
  | {readonly kind: 'served'; readonly hops: readonly ServedHop[]};

/**
 * Who says how long a hop took: it itself, or the tail, with a time that agrees with what the hop says in
 * its record (`confirmed`), or with another.
 */
export type WordOfTimes = 'own' | 'confirmed' | 'unconfirmed';

/** One decode step in one hop, without waiting for others. */
export type ServedHop = {
  readonly node: string;
  readonly decodeSteps: number;
  readonly predictedMs: number;
  /** Median. */
  readonly observedMs: number;
  /** Median of what a step waited for the steps of other answers. */
  readonly waitedMs: number;
  readonly word: WordOfTimes;
};
