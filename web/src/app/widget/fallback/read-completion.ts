import {EventSourceParserStream} from 'eventsource-parser/stream';
import * as z from 'zod/mini';
import {FallbackError} from './fallback-error.ts';

export type CompletionPart = {
  readonly text: string;
  /** Whether the service cut its answer here. */
  readonly isCut: boolean;
};

/** No event of an honest service is so long. */
const MOST_EVENT_CHARACTERS = 2 ** 20;

const textSchema = z.optional(z.object({content: z.nullish(z.string())}));
const completionSchema = z.object({
  choices: z.array(
    z.object({
      /** Of a stream. */
      delta: textSchema,
      /** Of an answer in one piece. */
      message: textSchema,
      finish_reason: z.nullish(z.string()),
    }),
  ),
});

/**
 * What a chat completion of an OpenAI-compatible service says, streamed or in one piece.
 *
 * @throws {FallbackError} when it is something else, or not all of it comes.
 */
export async function* readCompletion(
  response: Response,
  host: string,
): AsyncGenerator<CompletionPart, void, undefined> {
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  if (!isStream || response.body === null) {
    yield partOf(await response.text().catch(breaksOff(host)), host);
    return;
  }
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(
      new EventSourceParserStream({onError: 'terminate', maxBufferSize: MOST_EVENT_CHARACTERS}),
    )
    .getReader();
  for (;;) {
    const {done, value} = await events.read().catch(breaksOff(host));
    if (done || value.data === '[DONE]') return;
    yield partOf(value.data, host);
  }
}

function breaksOff(host: string): (cause: unknown) => never {
  return (cause) => {
    throw new FallbackError(host, 'breaks off before its answer is over', {cause});
  };
}

function partOf(json: string, host: string): CompletionPart {
  try {
    const [choice] = completionSchema.parse(JSON.parse(json)).choices;
    const text = choice?.delta?.content ?? choice?.message?.content ?? '';
    return {text, isCut: choice?.finish_reason === 'length'};
  } catch (cause) {
    throw new FallbackError(host, 'sends what is no answer', {cause});
  }
}
