import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';

function filesEndingIn(ending: string): readonly string[] {
  return ['shared', 'web', 'signal-server', 'e2e']
    .flatMap((folder) =>
      readdirSync(folder, {recursive: true, encoding: 'utf8'}).map((path) => join(folder, path)),
    )
    .filter((path) => path.endsWith(ending) && !path.includes('node_modules'));
}

const idsIn = (files: readonly string[], pattern: RegExp): readonly string[] =>
  files
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(pattern)])
    .map(([, id]) => id ?? '');

test('[BD2] each rule is defined once, and every rule that a test names exists', () => {
  const rules = idsIn(filesEndingIn('.md'), /^- \*\*([A-Z]{2}\d+)\*\*/gmu);
  const named = idsIn(filesEndingIn('.ts'), /\[([A-Z]{2}\d+)\]/gu);
  expect(rules.length).toBeGreaterThan(500);
  expect(named.length).toBeGreaterThan(500);
  expect(rules.filter((id, at) => rules.indexOf(id) !== at)).toEqual([]);
  expect([...new Set(named)].filter((id) => !rules.includes(id))).toEqual([]);
});
