/**
 * How long a server asks to wait: `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).
 * A date is compared with the server's own `Date`, where that is shown.
 *
 * @returns ms, at least 0; `null` when nothing readable is said.
 */
export function readRetryAfter(headers: Headers, nowMs: number): number | null {
  const said = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/u.test(said)) return Number(said) * 1000;
  const untilMs = /^[a-z]{3}/iu.test(said) ? Date.parse(said) : Number.NaN;
  if (Number.isNaN(untilMs)) return null;
  const serverMs = Date.parse(headers.get('date') ?? '');
  return Math.max(0, untilMs - (Number.isNaN(serverMs) ? nowMs : serverMs));
}
