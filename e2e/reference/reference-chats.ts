import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import * as z from 'zod';

const position = z.object({id: z.int(), margin: z.number()});
const referenceSchema = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      messages: z.array(
        z.object({role: z.enum(['system', 'user', 'assistant']), content: z.string()}),
      ),
      prompt_ids: z.array(z.int()),
      exact_f32: z.object({ids: z.array(z.int()), text: z.string(), positions: z.array(position)}),
    }),
  ),
});

export type ReferenceChat = z.infer<typeof referenceSchema>['items'][number];

/** Chats with the tokens that exact arithmetic gives. */
export const REFERENCE_CHATS: readonly ReferenceChat[] = referenceSchema.parse(
  JSON.parse(readFileSync(fileURLToPath(new URL('smollm2-greedy.json', import.meta.url)), 'utf8')),
).items;
