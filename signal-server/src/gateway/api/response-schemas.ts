import * as z from 'zod';

const id = z.string().min(1);
const count = z.int().nonnegative();
const finishReason = z.enum(['stop', 'length']);
const chatFinishReason = z.enum(['stop', 'length', 'tool_calls']);
const functionType = z.literal('function');

const usageSchema = z.strictObject({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
});

const heading = {
  id,
  /** Unix seconds. */
  created: count,
  model: id,
  system_fingerprint: id.meta({description: 'changes when the weights or the cut grid do'}),
};

const logprobEntry = {
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.int().min(0).max(255)),
};
const chatLogprobs = z.strictObject({
  content: z.array(
    z.strictObject({...logprobEntry, top_logprobs: z.array(z.strictObject(logprobEntry))}),
  ),
  refusal: z.null(),
});
const textLogprobs = z.strictObject({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number()),
  top_logprobs: z.array(z.record(z.string(), z.number())),
  text_offset: z.array(count),
});

export const chatCompletionSchema = z.strictObject({
  ...heading,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.strictObject({
      index: count,
      message: z.strictObject({
        role: z.literal('assistant'),
        /** `null` where there are calls alone. */
        content: z.string().nullable(),
        refusal: z.null(),
        annotations: z.array(z.never()).max(0),
        tool_calls: z
          .array(
            z.strictObject({
              id,
              type: functionType,
              function: z.strictObject({name: id, arguments: z.string()}),
            }),
          )
          .optional(),
      }),
      logprobs: chatLogprobs.nullable(),
      finish_reason: chatFinishReason,
    }),
  ),
  usage: usageSchema,
});

export const chatChunkSchema = z.strictObject({
  ...heading,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.strictObject({
      index: count,
      delta: z.strictObject({
        role: z.literal('assistant').optional(),
        content: z.string().optional(),
        tool_calls: z
          .array(
            z.strictObject({
              index: count,
              id: id.optional(),
              type: functionType.optional(),
              function: z.strictObject({name: id.optional(), arguments: z.string()}),
            }),
          )
          .optional(),
      }),
      logprobs: chatLogprobs.nullable(),
      finish_reason: chatFinishReason.nullable(),
    }),
  ),
  usage: usageSchema.nullish(),
});

const textChoice = {index: count, text: z.string(), logprobs: textLogprobs.nullable()};

export const completionSchema = z.strictObject({
  ...heading,
  object: z.literal('text_completion'),
  choices: z.array(z.strictObject({...textChoice, finish_reason: finishReason})),
  usage: usageSchema,
});

export const completionChunkSchema = z.strictObject({
  ...heading,
  object: z.literal('text_completion'),
  choices: z.array(z.strictObject({...textChoice, finish_reason: finishReason.nullable()})),
  usage: usageSchema.nullish(),
});

export const modelSchema = z.strictObject({
  id,
  object: z.literal('model'),
  created: count,
  owned_by: z.string(),
});

export const modelListSchema = z.strictObject({
  object: z.literal('list'),
  data: z.array(modelSchema),
});

export const errorSchema = z.strictObject({
  error: z.strictObject({
    message: z.string().min(1),
    type: id,
    param: z.string().nullable(),
    code: id,
  }),
});
