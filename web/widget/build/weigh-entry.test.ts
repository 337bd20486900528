import {gzipSync} from 'node:zlib';
import {expect, test} from 'vitest';
import {bytesAtFirst, type BuiltModule} from './weigh-entry.ts';

const built = (fileName: string, imports: readonly string[] = []): BuiltModule => ({
  fileName,
  code: `export const name = '${fileName}';`,
  imports: [...imports],
});

test('[WB3] modules count once, with all that they import and without what is loaded later', () => {
  const entry = built('widget.js');
  const chat = built('chat.js', ['lit.js', 'strings.js']);
  const strings = built('strings.js', ['lit.js']);
  const lit = built('lit.js', ['strings.js']);
  const all = [entry, chat, strings, lit, built('node.js', ['lit.js'])];
  const sizes = [entry, chat, strings, lit].map(({code}) => gzipSync(code).byteLength);
  expect(bytesAtFirst([entry, chat], all)).toBe(sizes.reduce((sum, bytes) => sum + bytes, 0));
});
