/** Path of the page's folder, by its public URL; begins and ends with a slash. */
export function basePath(publicUrl: string | null): string {
  return publicUrl === null ? '/' : new URL(publicUrl).pathname;
}

/**
 * The path of a request below the base path. Of two proxies before a site in a
 * folder, one passes the folder on and one takes it off: both are served.
 *
 * @param base begins and ends with a slash.
 */
export function pathBelow(base: string, requestUrl: string): string {
  const {pathname} = new URL(requestUrl);
  return pathname.startsWith(base) ? pathname.slice(base.length - 1) : pathname;
}
