import type {ApiError} from '../errors/api-error.ts';

const encoder = new TextEncoder();
const eventOf = (data: string): Uint8Array => encoder.encode(`data: ${data}\n\n`);

/** Beyond what sockets hold, which is most of any answer. Others wait for the sessions that it keeps. */
const MOST_STALL_MS = 30_000;

type Options = {
  readonly abort: () => void;
  readonly errorOf: (cause: unknown) => ApiError;
  /** A reader that takes no event for so long loses its answer. */
  readonly mostStallMs?: number;
};

/**
 * Server-sent events, each made when the connection has taken the one before: a reader that is slow slows
 * down the tabs that compute for it. An error in the middle is an event of its own, and then the end.
 *
 * @param first is known already: from it on, the response is a success.
 */
export function eventStream(
  first: object,
  rest: AsyncGenerator<object, void, undefined>,
  {abort, errorOf, mostStallMs = MOST_STALL_MS}: Options,
): ReadableStream<Uint8Array> {
  let isFirst = true;
  let stall: NodeJS.Timeout | undefined;
  const end = async (): Promise<void> => {
    clearTimeout(stall);
    abort();
    await rest.return();
  };
  /** @returns whether it was the last. */
  const makeNext = async (controller: ReadableStreamDefaultController): Promise<boolean> => {
    try {
      const {done, value} = isFirst ? {done: false, value: first} : await rest.next();
      isFirst = false;
      controller.enqueue(eventOf(done === true ? '[DONE]' : JSON.stringify(value)));
      return done === true;
    } catch (cause) {
      controller.enqueue(eventOf(JSON.stringify(errorOf(cause).body)));
      return true;
    }
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        clearTimeout(stall);
        if (await makeNext(controller)) {
          controller.close();
          return;
        }
        stall = setTimeout(() => {
          controller.error(new Error('The reader of an answer takes nothing'));
          void end();
        }, mostStallMs).unref();
      },
      cancel: end,
    },
    {highWaterMark: 0},
  );
}
