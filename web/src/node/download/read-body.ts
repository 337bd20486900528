import type {Request} from './keep-trying.ts';

/** The body of an answer as it comes; who reads no further ends the request. */
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
