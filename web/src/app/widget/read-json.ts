/** A server that takes the request and says nothing would keep a question from its fallback. */
const ANSWER_TIMEOUT_MS = 8_000;

/** @throws {Error} when the server does not say. */
export async function readJson(
  url: URL,
  {
    signal,
    timeoutMs = ANSWER_TIMEOUT_MS,
  }: {readonly signal: AbortSignal; readonly timeoutMs?: number},
): Promise<unknown> {
  const signals = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const response = await fetch(url, {signal: signals, credentials: 'omit'});
  if (!response.ok) throw new Error(`The server answers ${response.status}`);
  return response.json();
}
