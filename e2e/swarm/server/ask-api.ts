import {request} from 'node:http';

export type ApiAnswer = {
  readonly status: number;
  /** `null`: the header is missing. */
  readonly retryAfterMs: number | null;
  /** Until the first byte of the body. */
  readonly firstByteMs: number;
  /** Until its last. */
  readonly tookMs: number;
  readonly text: string;
};

/**
 * Asks for a chat as a caller of its own: the server believes what this machine says of the address that it asks for.
 *
 * @param caller number of the caller, up to 250.
 * @param body a text as it is.
 */
export async function askApi(
  url: string,
  {
    caller,
    body,
    signal,
  }: {readonly caller: number; readonly body: object | string; readonly signal: AbortSignal},
): Promise<ApiAnswer> {
  const startedMs = performance.now();
  const headers = {'Content-Type': 'application/json', 'X-Forwarded-For': `10.0.0.${caller}`};
  const asking = request(`${url}/v1/chat/completions`, {method: 'POST', headers, signal});
  asking.end(typeof body === 'string' ? body : JSON.stringify(body));
  return await new Promise((resolve, reject) => {
    asking.once('error', reject);
    asking.once('response', (response) => {
      let firstByteMs: number | null = null;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        firstByteMs ??= performance.now() - startedMs;
        text += piece;
      });
      response.once('error', reject);
      response.once('end', () => {
        const after = response.headers['retry-after'];
        resolve({
          status: response.statusCode ?? 0,
          retryAfterMs: after === undefined ? null : Number(after) * 1_000,
          firstByteMs: firstByteMs ?? performance.now() - startedMs,
          tookMs: performance.now() - startedMs,
          text,
        });
      });
    });
  });
}
