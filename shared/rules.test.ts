import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {RULE_FIGURES} from './testing/rule-figures.ts';

type Rule = {readonly id: string; readonly text: string; readonly file: string};

const files = ['shared', 'web', 'signal-server', 'e2e'].flatMap((folder) =>
  readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .map((path) => join(folder, path))
    .filter((path) => !path.includes('node_modules')),
);

const rules: readonly Rule[] = files
  .filter((path) => path.endsWith('.md'))
  .flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^- \*\*([A-Z]{2}\d+)\*\* (.*)$/gmu)].map(
      ([, id = '', text = '']) => ({id, text, file}),
    ),
  );
const ids = rules.map(({id}) => id);

const idsIn = (ending: RegExp): ReadonlySet<string> =>
  new Set(
    files
      .filter((path) => ending.test(path))
      .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\[([A-Z]{2}\d+)\]/gu)])
      .map(([, id = '']) => id),
  );

test('[BD2] each rule is defined once, in the RULES.md of its room', () => {
  expect(rules.length).toBeGreaterThan(600);
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  expect(rules.filter(({file}) => !file.endsWith('RULES.md'))).toEqual([]);
});

test('[BD2] every rule that the source quotes is defined', () => {
  expect([...idsIn(/\.ts$/u)].filter((id) => !ids.includes(id))).toEqual([]);
});

test('[BD4] a test quotes every rule', () => {
  const quoted = idsIn(/\.(test|spec|contract)\.ts$/u);
  expect(ids.filter((id) => !quoted.has(id))).toEqual([]);
});

const inLab = (file: string): boolean => file.split('/').includes('lab');

test('[BD5] rules of a lab room are marked, and no others', () => {
  const wrong = rules.filter(({text, file}) => text.startsWith('(lab) ') !== inLab(file));
  expect(wrong.map(({id}) => id)).toEqual([]);
});

test.each(RULE_FIGURES)('[BD6] %s says "%s", as the source does', (id, words) => {
  expect(rules.find((rule) => rule.id === id)?.text).toContain(words);
});
