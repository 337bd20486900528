import type {Tried} from './keep-trying.ts';
import {readRetryAfter} from './retry-after.ts';

/** Answers after which the same request may succeed. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
const NETWORK_LOGIN_REQUIRED = 511;

const WORDS: Readonly<Record<number, string>> = {
  401: 'it wants a login',
  403: 'it forbids it',
  404: 'it is not there',
  410: 'it is not there any more',
  416: 'the file there is shorter',
};

/** Why an answer does not hold what was asked for; `null` when its status is `200` or `206`. */
export function refusalOfAnswer(response: Response, nowMs: number): Tried | null {
  const {status, headers} = response;
  if (status === NETWORK_LOGIN_REQUIRED || (response.ok && isWebPage(headers))) {
    return {kind: 'refused', fault: 'login-page', reason: 'a login page answers instead'};
  }
  if (status === 200 || status === 206) return null;
  const words = WORDS[status];
  const reason = `the server answered ${status}${words === undefined ? '' : ` (${words})`}`;
  if (!PASSING.has(status)) return {kind: 'refused', fault: 'refused', reason};
  return {kind: 'again', fault: 'busy', reason, askedMs: readRetryAfter(headers, nowMs)};
}

/** No file of a site like this is one: it comes from the network between, or from another site. */
function isWebPage(headers: Headers): boolean {
  return /^text\/html\b/iu.test(headers.get('content-type') ?? '');
}
