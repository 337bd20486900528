import type {FinishReason} from '../answers/read-answer.ts';
import type {ChosenToken} from '../answers/text-tokens.ts';

export type Usage = {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
};

/** What all objects of one response begin with. */
export type Heading = {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
};

/** One answer, or what of it came since its part before. */
export type ChoiceText = {
  readonly index: number;
  readonly text: string;
  readonly tokens: readonly ChosenToken[];
  /** Characters of this answer that came before. */
  readonly offset: number;
  /** Whole, or more of one that began before. */
  readonly calls: readonly CallText[];
  readonly finishReason: FinishReason | null;
};

/** A call, or more of its arguments. */
export type CallText = {
  readonly callIndex: number;
  /** Where it begins. */
  readonly opening: {readonly id: string; readonly name: string} | null;
  readonly arguments: string;
};

/** How one of the two kinds of completion writes its answers, whole and in pieces. */
export type AnswerForm = {
  readonly whole: (heading: Heading, choices: readonly ChoiceText[], usage: Usage) => object;
  /** What comes before the first text of an answer; `null`: nothing. */
  readonly opening: (heading: Heading, index: number) => object | null;
  readonly chunk: (heading: Heading, choice: ChoiceText) => object;
  readonly usageChunk: (heading: Heading, usage: Usage) => object;
};

/** The text and the bytes of one token; half a character has a mark in place of its text. */
export type ShowToken = (id: number) => {readonly text: string; readonly bytes: readonly number[]};
