import type {ApiError} from '../errors/api-error.ts';

const encoder = new TextEncoder();
const eventOf = (data: string): Uint8Array => encoder.encode(`data: ${data}\n\n`);

/**
 * Server-sent events, each made when the connection has taken the one before: a reader that is slow slows
 * down the tabs that compute for it. An error in the middle is an event of its own, and then the end.
 *
 * @param first is known already: from it on, the response is a success.
 */
export function eventStream(
  first: object,
  rest: AsyncGenerator<object, void, undefined>,
  {abort, errorOf}: {readonly abort: () => void; readonly errorOf: (cause: unknown) => ApiError},
): ReadableStream<Uint8Array> {
  let isFirst = true;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        if (isFirst) {
          isFirst = false;
          controller.enqueue(eventOf(JSON.stringify(first)));
          return;
        }
        try {
          const {done, value} = await rest.next();
          controller.enqueue(eventOf(done === true ? '[DONE]' : JSON.stringify(value)));
          if (done === true) controller.close();
        } catch (cause) {
          controller.enqueue(eventOf(JSON.stringify(errorOf(cause).body)));
          controller.close();
        }
      },
      cancel: async () => {
        abort();
        await rest.return();
      },
    },
    {highWaterMark: 0},
  );
}
