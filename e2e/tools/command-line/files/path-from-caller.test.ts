import {resolve, sep} from 'node:path';
import {expect, test} from 'vitest';
import {pathFromCaller} from './path-from-caller.ts';

const root = resolve(sep, 'weft');
const below = resolve(root, 'e2e', 'load');
const env = {npm_package_json: resolve(root, 'package.json'), INIT_CWD: below};

test('[CL7] a path counts from where npm was called', () => {
  expect(pathFromCaller('a.json', {env, cwd: root})).toBe(resolve(below, 'a.json'));
  expect(pathFromCaller('../a b.json', {env, cwd: root})).toBe(resolve(root, 'e2e', 'a b.json'));
  expect(pathFromCaller(resolve(sep, 'x', 'a.json'), {env, cwd: root})).toBe(
    resolve(sep, 'x', 'a.json'),
  );
});

test('[CL7] without npm, or in another folder than npm runs scripts in, it counts from there', () => {
  expect(pathFromCaller('a.json', {env: {}, cwd: below})).toBe(resolve(below, 'a.json'));
  expect(pathFromCaller('a.json', {env: {INIT_CWD: root}, cwd: below})).toBe(
    resolve(below, 'a.json'),
  );
  const elsewhere = resolve(sep, 'tmp');
  expect(pathFromCaller('a.json', {env, cwd: elsewhere})).toBe(resolve(elsewhere, 'a.json'));
});
