import type {Request} from './keep-trying.ts';

/** The body of a response as it arrives; a reader that stops ends the request. */
export async function* readBody(
  response: Response,
  request: Request,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const chunk = await reader?.read();
      if (chunk?.value === undefined) return;
      request.received(chunk.value.length);
      yield chunk.value;
    }
  } finally {
    await reader?.cancel();
  }
}
