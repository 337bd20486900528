/// <reference types="node" />
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';

const FOLDERS = [
  'shared',
  'web',
  'signal-server',
  'e2e',
  'public/examples',
  '.github',
  '.config',
  '.ci',
];
const SOURCE = /\.(?:tsx?|mjs|cjs|md|css|html|yml)$/u;
const NOT_OURS = /node_modules|[/\\]plain-words\.test\.ts$/u;

/** Words that come from a translation where they occur in prose about software. */
const UNWANTED: readonly RegExp[] = [
  /\bstand\b(?! ins?\b|-ins?\b)|\b(?:stands|standing|stood)\b/u,
  /\btold\b/u,
  /\bsaid\b/u,
  /\bsenseless\b/u,
  /\b(?:carry|carries|carried|carrying)\b/u,
  /\b(?:hurry|hurries|hurried)\b/u,
  /\banew\b/u,
  /\bwhomever\b/u,
  /\b(?:mend|mends|mended|mending)\b/u,
  /\bin vain\b/u,
  /\b(?:thereby|hence|herewith|whereof)\b/u,
  /\baskers?\b/u,
  /\bin mid-answer\b/u,
  /\bown word\b/u,
  /\bthat (?:is|are) none\b/u,
  /\bthat (?:is|are) no (?!longer|more|such|\w+er\b)/u,
  // "Who floods a tab …" for "A peer that floods a tab …".
  /(?:\]|\*\*|\/\*\*) who(?:m)? (?!are\b|may import\b)[^?]*$/u,
];

/** Names as words: `waitForTold` reads "wait for told". */
function wordsOf(line: string): string {
  return line
    .replaceAll(/(?<=[a-z\d])(?=[A-Z])/gu, ' ')
    .replaceAll('_', ' ')
    .toLowerCase();
}

function sources(): readonly string[] {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(folder, {recursive: true, encoding: 'utf8'}).map((path) => join(folder, path)),
  );
  return [...readdirSync('.'), ...inFolders].filter(
    (path) => SOURCE.test(path) && !NOT_OURS.test(path),
  );
}

test('[BD9] no source has a word of the list of translations', () => {
  const files = sources();
  const hits = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, at) => {
        const words = wordsOf(line);
        return UNWANTED.filter((pattern) => pattern.test(words)).map(
          (pattern) => `${file}:${at + 1}: ${pattern.exec(words)?.[0].trim()}: ${line.trim()}`,
        );
      }),
  );
  expect(files.length).toBeGreaterThan(700);
  expect(hits).toEqual([]);
});
