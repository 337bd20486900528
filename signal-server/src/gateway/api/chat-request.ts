import * as z from 'zod';
import {chatFields, commonFields} from './request-fields.ts';

const textPart = z.strictObject({type: z.literal('text'), text: z.string()});
const content = z.union([z.string(), z.array(textPart).min(1)]);

const nothing = z.array(z.never()).max(0).nullish();

const messageSchema = z.discriminatedUnion('role', [
  z.strictObject({role: z.enum(['system', 'developer', 'user']), content}),
  z.strictObject({
    role: z.literal('assistant'),
    content,
    // What a client has from an answer of before, and nothing is in it.
    refusal: z.null().optional(),
    annotations: nothing,
    tool_calls: nothing,
    function_call: z.null().optional(),
    audio: z.null().optional(),
  }),
]);

export const chatRequestSchema = z
  .strictObject({
    messages: z.array(messageSchema).min(1).meta({
      description:
        'a list of messages, each with "role" (system, developer, user or assistant) and "content" (a text, or parts of type "text")',
    }),
    ...commonFields,
    ...chatFields,
  })
  .refine(({stream, stream_options}) => stream === true || stream_options == null, {
    path: ['stream_options'],
  })
  .refine(({logprobs, top_logprobs}) => logprobs === true || top_logprobs == null, {
    path: ['top_logprobs'],
  })
  .readonly();

export type ChatRequest = z.infer<typeof chatRequestSchema>;
