import * as z from 'zod';
import {commonFields, field, MOST_CHOICES, unsupported} from './request-fields.ts';

const MOST_TOP = 5;
const tokenIds = z.array(z.int().nonnegative()).min(1);

const promptSchema = z.union([
  z.string(),
  tokenIds,
  z.array(z.string()).min(1).max(MOST_CHOICES),
  z.array(tokenIds).min(1).max(MOST_CHOICES),
]);

type AskedPrompt = z.infer<typeof promptSchema>;

export const completionRequestSchema = z
  .strictObject({
    prompt: promptSchema.meta({
      description: `a text, a list of token ids, or up to ${MOST_CHOICES} of either; with "n", at most ${MOST_CHOICES} answers in all`,
    }),
    ...commonFields,
    logprobs: field(z.int().min(0).max(MOST_TOP), `a whole number from 0 to ${MOST_TOP}`),
    echo: unsupported(z.literal(false)),
    suffix: unsupported(z.null()),
    best_of: unsupported(z.literal(1)),
  })
  .refine(({stream, stream_options}) => stream === true || stream_options == null, {
    path: ['stream_options'],
  })
  .refine(({prompt, n}) => promptsOf(prompt).length * (n ?? 1) <= MOST_CHOICES, {path: ['prompt']})
  .readonly();

export type CompletionRequest = z.infer<typeof completionRequestSchema>;

/** The prompts of a request, one by one. */
export function promptsOf(prompt: AskedPrompt): readonly (string | readonly number[])[] {
  if (typeof prompt === 'string') return [prompt];
  return isTokenIds(prompt) ? [prompt] : prompt;
}

function isTokenIds(prompt: Exclude<AskedPrompt, string>): prompt is number[] {
  return typeof prompt[0] === 'number';
}
