import * as z from 'zod';
import {ASKED_BOUNDS} from '#shared/client/chat/asked-sampling.ts';
import {MAX_BIASED_TOKENS} from '#shared/protocol/control/session-bounds.ts';
import {givenName, MOST_TOOLS} from './given-names.ts';
import {toolChoiceSchema} from './tool-choice.ts';

/** Choices of one request: each is an answer of its own. */
export const MOST_CHOICES = 8;
/** Of an answer whose request does not say: caches of tabs are small, and what is reserved nobody else has. */
export const DEFAULT_MAX_TOKENS = 512;
const MOST_STOPS = 4;
const MOST_STOP_CHARACTERS = 256;
const MOST_TOP = 20;

const UNSUPPORTED = 'left out: it is not supported here';

/** One field of a request. Its description ends a sentence: "must be …". */
export const field = <T extends z.ZodType>(schema: T, mustBe: string) =>
  schema.nullish().meta({description: mustBe});

/** A field of OpenAI's API that nothing here serves: only what asks for nothing is taken. */
export const unsupported = <T extends z.ZodType>(neutral: T) => field(neutral, UNSUPPORTED);

/** A part of a field that nothing here serves. */
export const unsupportedPart = z.null({error: UNSUPPORTED}).optional();

/** @param mustBe what a field must be, or what is wrong with it. */
export const isUnsupported = (mustBe: string | undefined): boolean => mustBe === UNSUPPORTED;

const {temperature, topP} = ASKED_BOUNDS;
const within = ({least, most}: {readonly least: number; readonly most: number}) =>
  z.number().min(least).max(most);

const penalty = field(z.number().min(-2).max(2), 'a number from -2 to 2');

const logitBias = z
  .record(z.string().regex(/^(?:0|[1-9]\d{0,8})$/u), z.number().min(-100).max(100))
  .refine((bias) => Object.keys(bias).length <= MAX_BIASED_TOKENS);

const stopText = z.string().min(1).max(MOST_STOP_CHARACTERS);

/** What a caller says of those for whom it asks. */
const ofCaller = field(z.string(), 'a text; it is used for nothing, and kept nowhere');

/** What chats and plain completions have in common. */
export const commonFields = {
  model: z.string().min(1).meta({description: 'the id of a model, as GET /v1/models lists it'}),
  temperature: field(
    within(temperature),
    `a number from ${temperature.least} (always the likeliest token) to ${temperature.most}`,
  ),
  top_p: field(within(topP), `a number from ${topP.least} to ${topP.most}`),
  top_k: field(
    z.int().min(0).max(1_000_000),
    'a whole number from 0 (all that the tail of a chain knows: the likeliest 256) to 1000000',
  ),
  max_tokens: field(
    z.int().min(1),
    `a whole number from 1, below 2^53; ${DEFAULT_MAX_TOKENS} when it is left out. However many it allows, an answer ends with its context`,
  ),
  stop: field(
    z.union([stopText, z.array(stopText).max(MOST_STOPS)]),
    `a text of up to ${MOST_STOP_CHARACTERS} characters, or up to ${MOST_STOPS} of them`,
  ),
  seed: field(
    z.int(),
    'a whole number between -2^53 and 2^53: with the same one, a request has the same answer. Those that differ by a multiple of 2^32 are one',
  ),
  n: field(z.int().min(1).max(MOST_CHOICES), `a whole number from 1 to ${MOST_CHOICES}`),
  stream: field(z.boolean(), 'true or false'),
  stream_options: field(
    z.strictObject({
      include_usage: z.boolean().nullish(),
      include_obfuscation: z.literal(false).nullish(),
    }),
    'an object with "include_usage", where "stream" is true',
  ),
  user: ofCaller,
  presence_penalty: penalty,
  frequency_penalty: penalty,
  logit_bias: field(
    logitBias,
    `an object of up to ${MAX_BIASED_TOKENS} token ids, each with a number from -100 to 100`,
  ),
};

const responseFormat = z.discriminatedUnion('type', [
  z.strictObject({type: z.literal('text')}),
  z.strictObject({type: z.literal('json_object')}),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: givenName,
      description: z.string().nullish(),
      /** Its own room says what it may be: `grammar/schema`. */
      schema: z.record(z.string(), z.unknown()),
      /** Followed to the letter, whatever it says. */
      strict: z.boolean().nullish(),
    }),
  }),
]);

const tool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: givenName,
    description: z.string().nullish(),
    /** Its own room says what it may be: `grammar/schema`. */
    parameters: z.record(z.string(), z.unknown()).nullish(),
    /** Followed to the letter, whatever it says. */
    strict: z.boolean().nullish(),
  }),
});

/** Of chats alone. */
export const chatFields = {
  safety_identifier: ofCaller,
  prompt_cache_key: ofCaller,
  max_completion_tokens: field(
    z.int().min(1),
    'a whole number from 1, below 2^53; in place of "max_tokens", and the same where both are there',
  ),
  logprobs: field(z.boolean(), 'true or false'),
  top_logprobs: field(
    z.int().min(0).max(MOST_TOP),
    `a whole number from 0 to ${MOST_TOP}, where "logprobs" is true`,
  ),
  response_format: field(
    responseFormat,
    'an object whose "type" is "text", "json_object", or "json_schema" with "json_schema": {"name", "schema"}',
  ),
  tools: field(
    z.array(tool).max(MOST_TOOLS),
    `a list of up to ${MOST_TOOLS} tools: {"type": "function", "function": {"name", "description", "parameters"}}`,
  ),
  tool_choice: field(
    toolChoiceSchema,
    '"none", "auto", "required", {"type": "function", "function": {"name"}} with one of "tools", or {"type": "allowed_tools", "allowed_tools": {"mode", "tools"}} with some of them',
  ),
  chat_template_kwargs: field(
    z.strictObject({enable_thinking: z.boolean().nullish()}),
    'an object with "enable_thinking": whether a model that can is to think first',
  ),
  functions: unsupported(z.array(z.never()).max(0)),
  function_call: unsupported(z.enum(['none', 'auto'])),
  parallel_tool_calls: field(z.boolean(), 'true (by default) or false: one call at most'),
  modalities: unsupported(z.array(z.literal('text')).length(1)),
  store: unsupported(z.literal(false)),
  audio: unsupported(z.null()),
  metadata: unsupported(z.null()),
  moderation: unsupported(z.null()),
  prediction: unsupported(z.null()),
  prompt_cache_options: unsupported(z.null()),
  prompt_cache_retention: unsupported(z.null()),
  reasoning_effort: unsupported(z.null()),
  verbosity: unsupported(z.null()),
  web_search_options: unsupported(z.null()),
  service_tier: unsupported(z.enum(['auto', 'default'])),
};
