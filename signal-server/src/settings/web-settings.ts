import {isIP} from 'node:net';
import * as z from 'zod';
import {NO_REASON} from './setting.ts';

const HOST_NAME = /^(?!-)[\w-]+(?:\.[\w-]+)*\.?$/u;

/** An IP address, with or without the brackets of an address bar, or a host name. */
export const hostSchema = z
  .string()
  .transform((text) => text.replaceAll(/^\[|\]$/gu, ''))
  .refine(
    (host) => isIP(host) !== 0 || (HOST_NAME.test(host) && !/^[\d.]+$/u.test(host)),
    NO_REASON,
  );

/**
 * Where browsers find the site; its path is the folder of the page.
 * Ends in a slash afterwards.
 */
export const publicUrlSchema = z.string().transform((text, context) => {
  const url = URL.parse(text);
  const fault = url === null ? 'is not a URL' : faultOf(url);
  if (url === null || fault !== null) {
    context.addIssue(fault ?? NO_REASON);
    return z.NEVER;
  }
  const path = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
  return `${url.origin}${path}`;
});

function faultOf(url: URL): string | null {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'is neither http: nor https:';
  if (url.username !== '' || url.password !== '') return 'contains a name or a password';
  if (url.search !== '' || url.hash !== '') return 'has a part after "?" or "#"';
  return url.pathname.includes('//') ? 'has an empty part in its path' : null;
}
