/** The definition of which a reference says the name. */
export function referenceOf(
  target: unknown,
): {readonly keyword: string; readonly name: string} | null {
  const [, keyword, name] =
    typeof target === 'string' ? (/^#\/(\$defs|definitions)\/([^/]+)$/u.exec(target) ?? []) : [];
  return keyword === undefined || name === undefined ? null : {keyword, name: decodePointer(name)};
}

/** Both keywords define; the library knows one of them. */
export function definitionName(keyword: string, name: string): string {
  const safe = Array.from(name, (char) =>
    /[A-Za-z0-9]/u.test(char) ? char : `_${char.codePointAt(0)}_`,
  );
  return `${keyword === '$defs' ? 'd' : 'o'}_${safe.join('')}`;
}

function decodePointer(name: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(name);
  } catch {
    decoded = name;
  }
  return decoded.replaceAll('~1', '/').replaceAll('~0', '~');
}
