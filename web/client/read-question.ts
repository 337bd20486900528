import * as z from 'zod/mini';
import {shortText} from '#shared/base/short-text.ts';
import {ASKED_BOUNDS} from '#shared/client/chat/asked-sampling.ts';
import {invalidValue, unsupportedParameter} from './client-faults.ts';
import type {AskOptions, WeftMessage} from '../../public/client.d.ts';

/** A question that says all there is to say, by whichever way it is asked. */
export type Question = {
  readonly messages: readonly WeftMessage[];
} & Required<Omit<AskOptions, 'signal'>>;

/** As on the page. */
const DEFAULTS = {maxTokens: 512, temperature: 0.7, topP: 0.95} as const;

const {mostMessages, temperature, topP} = ASKED_BOUNDS;

const messageSchema = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string(),
});
const between = ({least, most}: {readonly least: number; readonly most: number}) =>
  z.nullish(z.number().check(z.minimum(least), z.maximum(most)));

const questionSchema = z.strictObject({
  messages: z.array(messageSchema).check(z.minLength(1), z.maxLength(mostMessages)),
  maxTokens: z.nullish(z.int().check(z.minimum(1))),
  temperature: between(temperature),
  topP: between(topP),
  seed: z.nullish(z.int()),
});

const MUST_BE: Readonly<Record<string, string>> = {
  messages: `a list of up to ${mostMessages} messages, each with "role" (system, user or assistant) and "content" (a text)`,
  maxTokens: 'a whole number from 1, below 2^53',
  temperature: `a number from ${temperature.least} (always the likeliest token) to ${temperature.most}`,
  topP: `a number from ${topP.least} to ${topP.most}`,
  seed: 'a whole number between -2^53 and 2^53',
};

/**
 * Reads what a program asks, as the API of a server does.
 *
 * @throws {WeftError} `INVALID_VALUE` or `UNSUPPORTED_PARAMETER`, the codes of the API, with the option at fault.
 */
export function readQuestion(
  messages: readonly WeftMessage[],
  options: Omit<AskOptions, 'signal'>,
): Question {
  const {data, error} = questionSchema.safeParse({...options, messages});
  if (error !== undefined) throw faultOf(error.issues);
  return {
    messages: data.messages,
    maxTokens: data.maxTokens ?? DEFAULTS.maxTokens,
    temperature: data.temperature ?? DEFAULTS.temperature,
    topP: data.topP ?? DEFAULTS.topP,
    seed: data.seed ?? randomSeed(),
  };
}

function faultOf([issue]: readonly z.core.$ZodIssue[]): Error {
  if (issue?.code === 'unrecognized_keys') {
    const path = [...issue.path, issue.keys[0]].map((name) => shortText(String(name)));
    return unsupportedParameter(path.join('.'));
  }
  const name = String(issue?.path[0]);
  return invalidValue(name, MUST_BE[name] ?? 'as its types say');
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
