/// <reference types="node" />
import {existsSync, globSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {expect, test} from 'vitest';

const documents = [
  'README.md',
  ...globSync('{shared,web,signal-server,e2e,.github}/**/*.md'),
].filter((path) => !path.includes('node_modules'));

/** Targets of links inside the repository, without their anchors. */
function linksOf(document: string): readonly string[] {
  const text = readFileSync(document, 'utf8');
  return [...text.matchAll(/\]\((?<target>[^)\s#]+)[^)]*\)/gu)]
    .map(({groups}) => groups?.['target'] ?? '')
    .filter((target) => !/^[a-z]+:/u.test(target));
}

test('[BD10] every link in a document leads to a file', () => {
  expect(documents.length).toBeGreaterThan(10);
  const broken = documents.flatMap((document) =>
    linksOf(document)
      .filter((target) => !existsSync(join(dirname(document), target)))
      .map((target) => `${document}: ${target}`),
  );
  expect(broken).toEqual([]);
});
