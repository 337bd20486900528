import {EngineError} from '../engine-error.ts';

/**
 * Reads bytes `[startByte, endByte)` of a URL, with one range request.
 *
 * A server that answers with the whole file is refused: a volunteer must not
 * download a model to serve a few layers of it.
 *
 * @param options.onBytes told how many more bytes have come, as they come.
 * @throws {EngineError} `WEIGHTS_UNREACHABLE`; the signal's reason when aborted.
 */
export async function readRange(options: {
  readonly url: string;
  readonly startByte: number;
  readonly endByte: number;
  readonly onBytes: (byteCount: number) => void;
  readonly signal: AbortSignal;
}): Promise<Uint8Array<ArrayBuffer>> {
  const {url, startByte, endByte, onBytes, signal} = options;
  const byteLength = endByte - startByte;
  const headers = {Range: `bytes=${startByte}-${endByte - 1}`};
  let status: number | null = null;
  const unreachable = (reason: string, cause?: unknown): EngineError =>
    new EngineError(
      {code: 'WEIGHTS_UNREACHABLE', url, status},
      `Cannot read bytes ${startByte} to ${endByte} of "${url}": ${reason}`,
      {cause},
    );
  try {
    const response = await fetch(url, {headers, signal});
    status = response.status;
    const refusal = refusalOf(response, startByte);
    if (refusal !== null) {
      await response.body?.cancel();
      throw unreachable(refusal);
    }
    const bytes = new Uint8Array(byteLength);
    const readBytes = await readBody(response, bytes, onBytes);
    if (readBytes !== byteLength) throw unreachable(`${readBytes} bytes came`);
    return bytes;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof EngineError) throw error;
    throw unreachable('the connection failed', error);
  }
}

function refusalOf(response: Response, startByte: number): string | null {
  if (response.status === 200) return 'the server ignores ranges';
  if (response.status !== 206) return `the server answered ${response.status}`;
  // Not shown to pages of another origin unless the server exposes it.
  const contentRange = response.headers.get('content-range');
  if (contentRange === null || contentRange.startsWith(`bytes ${startByte}-`)) return null;
  return `the server answered with "${contentRange}"`;
}

/** Fills `target` as far as the body reaches. @returns the body's length, or one more than fits. */
async function readBody(
  response: Response,
  target: Uint8Array,
  onBytes: (byteCount: number) => void,
): Promise<number> {
  const reader = response.body?.getReader();
  let at = 0;
  for (;;) {
    const chunk = await reader?.read();
    if (chunk?.value === undefined) return at;
    if (at + chunk.value.length > target.length) {
      await reader?.cancel();
      return target.length + 1;
    }
    target.set(chunk.value, at);
    at += chunk.value.length;
    onBytes(chunk.value.length);
  }
}
