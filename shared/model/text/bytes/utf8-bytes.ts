/** The text with lone surrogates as U+FFFD, as UTF-8 has it. */
export function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\uFFFD');
}

/** UTF-8 of a text; lone surrogates become U+FFFD. For short texts: pure code has no `TextEncoder`. */
export function utf8Bytes(text: string): Uint8Array<ArrayBuffer> {
  // With lone surrogates replaced, `encodeURIComponent` cannot fail, and writes UTF-8 as %XX.
  const encoded = encodeURIComponent(wellFormed(text)).match(/%[0-9A-F]{2}|./gu) ?? [];
  return Uint8Array.from(encoded, (unit) =>
    unit.length === 1 ? unit.charCodeAt(0) : Number.parseInt(unit.slice(1), 16),
  );
}
