/** @throws {Error} when the server does not say. */
export async function readJson(
  url: URL,
  {signal}: {readonly signal: AbortSignal},
): Promise<unknown> {
  const response = await fetch(url, {signal, credentials: 'omit'});
  if (!response.ok) throw new Error(`The server answers ${response.status}`);
  return response.json();
}
