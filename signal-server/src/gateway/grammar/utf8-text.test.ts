import {expect, test} from 'vitest';
import {BETWEEN_CHARACTERS, UTF8_STATES, stepUtf8} from './utf8-text.ts';

const isText = (bytes: Uint8Array): boolean =>
  stepUtf8(BETWEEN_CHARACTERS, bytes) === BETWEEN_CHARACTERS;

function decodes(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', {fatal: true}).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

test('[SO6] characters of every script are texts, alone and beside others', () => {
  const encoder = new TextEncoder();
  const wrong: number[] = [];
  for (let code = 0; code <= 0x10ffff; code += code < 0x1000 ? 1 : 31) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    if (!isText(encoder.encode(String.fromCodePoint(code)))) wrong.push(code);
  }
  expect(wrong).toEqual([]);
  expect(isText(encoder.encode('naïve ☃ 🧵'))).toBe(true);
  expect(isText(new Uint8Array())).toBe(true);
});

test('[SO6] bytes are a text exactly where a decoder takes them', () => {
  // At each border of what a byte may be.
  const edges = [
    0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
    0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
  ];
  const wrong: string[] = [];
  let texts = 0;
  const look = (bytes: readonly number[], length: number): void => {
    const all = Uint8Array.from(bytes);
    if (isText(all)) texts += 1;
    if (isText(all) !== decodes(all)) wrong.push(bytes.join(' '));
    if (length > 0) for (const edge of edges) look([...bytes, edge], length - 1);
  };
  look([], 3);
  for (const lead of [0xf0, 0xf1, 0xf3, 0xf4, 0xf5]) {
    for (const second of edges) look([lead, second, 0x80], 1);
  }
  expect(wrong).toEqual([]);
  expect(texts).toBeGreaterThan(100);
});

test('[SO6] within a character some byte can always come, and leads to its end', () => {
  for (const state of UTF8_STATES) {
    let at = state;
    for (let byte = 0; at !== BETWEEN_CHARACTERS && byte <= 0xff; byte += 1) {
      const next = stepUtf8(at, Uint8Array.of(byte));
      if (next === null) continue;
      at = next;
      byte = -1;
    }
    expect(at).toBe(BETWEEN_CHARACTERS);
  }
});
