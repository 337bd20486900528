import type {IncomingMessage} from 'node:http';

const MAX_HOST_CHARACTERS = 255;
/** No part of a name begins or ends with a hyphen; no port is 0. */
const HOST =
  /^(?<host>\w(?:[\w-]*\w)?(?:\.\w(?:[\w-]*\w)?)*\.?|\[[\da-f:.]+\])(?::(?!0+$)\d{1,5})?$/iu;

/**
 * Whether a request says once, and as one can be dialled, by which host it
 * came: addresses are made of it. Source: RFC 9112, section 3.2.
 */
export function hasSoundHost({headers, rawHeaders}: IncomingMessage): boolean {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  if (names.filter((name) => name.toLowerCase() === 'host').length !== 1) return false;
  const text = headers.host ?? '';
  const host = HOST.exec(text)?.groups?.['host']?.toLowerCase();
  if (host === undefined || text.length > MAX_HOST_CHARACTERS) return false;
  const hostname = URL.parse(`http://${text}`)?.hostname;
  // Numbers are read as an IPv4 address that the client did not write.
  return hostname !== undefined && (hostname === host || host.startsWith('['));
}
