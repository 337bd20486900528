import {keepTrying, type Request, type Tried} from './keep-trying.ts';
import {PATIENCE, type Patience} from './patience.ts';
import {readBody} from './read-body.ts';
import {refusalOfAnswer} from './refusal-of-answer.ts';

/** A manifest of a model with thousands of tensors has some hundreds of kilobytes. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * The value that a JSON file of a site holds; not checked any further.
 *
 * @throws {DownloadError} when it does not come or is no JSON; the signal's reason when aborted.
 */
export async function downloadJson(
  url: string,
  {signal, patience = PATIENCE}: {readonly signal: AbortSignal; readonly patience?: Patience},
): Promise<unknown> {
  let value: unknown;
  const attempt = async (request: Request): Promise<Tried> => {
    const response = await fetch(url, {signal: request.signal});
    request.answered(response.status);
    const refusal = refusalOfAnswer(response, Date.now());
    if (refusal !== null) {
      await response.body?.cancel();
      return refusal;
    }
    const text = await readText(response, request);
    if (text === null) return {kind: 'refused', fault: 'wrong-bytes', reason: 'it does not end'};
    try {
      value = JSON.parse(text);
      return {kind: 'done'};
    } catch {
      return {kind: 'refused', fault: 'wrong-bytes', reason: 'what came is no JSON'};
    }
  };
  await keepTrying({url, signal, patience, reachedBytes: () => 0, attempt});
  return value;
}

/** @returns `null` when it is longer than any such file. */
async function readText(response: Response, request: Request): Promise<string | null> {
  const decoder = new TextDecoder();
  let text = '';
  let byteCount = 0;
  for await (const chunk of readBody(response, request)) {
    byteCount += chunk.length;
    if (byteCount > MOST_BYTES) return null;
    text += decoder.decode(chunk, {stream: true});
  }
  return text + decoder.decode();
}
