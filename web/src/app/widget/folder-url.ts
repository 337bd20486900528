import {WeftError} from '#shared/base/errors.ts';

/**
 * An address as the owner of a page writes it, ending in a slash so that paths go on from it.
 *
 * @param pageUrl what a relative address is relative to.
 * @throws {WeftError} `SETTING_UNREADABLE`, naming the attribute.
 */
export function folderUrl(attribute: string, text: string, pageUrl: string): string {
  const url = URL.canParse(text, pageUrl) ? new URL(text, pageUrl) : null;
  if (url === null || !/^https?:$/u.test(url.protocol)) {
    throw new WeftError(
      {code: 'SETTING_UNREADABLE', attribute},
      `Cannot read the attribute "${attribute}" of this chat: expected an address such as https://weft.example/`,
    );
  }
  url.search = '';
  url.hash = '';
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}
