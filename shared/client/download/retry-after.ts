/**
 * How long a server asks to wait: `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).
 * A date is compared with the server's own `Date`, where that is shown.
 *
 * @returns ms, at least 0; `null` when the header is not readable.
 */
export function readRetryAfter(headers: Headers, nowMs: number): number | null {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/u.test(text)) return Number(text) * 1000;
  const untilMs = /^[a-z]{3}/iu.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(untilMs)) return null;
  const serverMs = Date.parse(headers.get('date') ?? '');
  return Math.max(0, untilMs - (Number.isNaN(serverMs) ? nowMs : serverMs));
}
