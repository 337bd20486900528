import {WeftError} from '#shared/base/errors.ts';
import {shortText} from '#shared/base/short-text.ts';

/**
 * The folder of a site.
 *
 * @param server its address, as whoever uses the client wrote it.
 * @returns it with a slash at the end.
 * @throws {WeftError} `SERVER_INVALID`.
 */
export function siteUrlOf(server: unknown): string {
  const text =
    typeof server === 'string' || server instanceof URL || server === null
      ? String(server)
      : typeof server;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/u.test(url.protocol)) {
    throw new WeftError(
      {code: 'SERVER_INVALID'},
      `"server" must be an address that begins with https:// or http://, such as "https://weft.example": it is "${shortText(text)}"`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new WeftError(
      {code: 'SERVER_INVALID'},
      '"server" must be an address without a user and a password: leave out what is before "@"',
    );
  }
  return `${url.origin}${url.pathname.replace(/\/*$/u, '/')}`;
}
