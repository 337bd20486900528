/// <reference types="node" />
import {spawnSync} from 'node:child_process';
import {globSync} from 'node:fs';
import {relative} from 'node:path';
import {expect, test} from 'vitest';
import * as z from 'zod';
import {QUICK_UNIT_TESTS, ROOT, UNIT_TESTS, type Check} from './checks.ts';

/** The test files that a check would run. */
function filesOf({args}: Check): readonly string[] {
  const [, , ...options] = args.filter((argument) => !/^--(?:reporter|outputFile)/u.test(argument));
  const list = ['node_modules/vitest/vitest.mjs', 'list', '--filesOnly', '--json', ...options];
  const {stdout} = spawnSync(process.execPath, list, {cwd: ROOT, encoding: 'utf8'});
  const listed = z.array(z.object({file: z.string()})).parse(JSON.parse(stdout));
  return listed.map(({file}) => relative(ROOT, file)).toSorted();
}

test('[SU12] npm test runs every unit test, and npm run check all but the slow ones', () => {
  const all = globSync('{shared,web,signal-server,e2e}/**/*.test.ts', {cwd: ROOT}).toSorted();
  const slow = all.filter((file) => file.endsWith('.slow.test.ts'));
  expect(slow.length).toBeGreaterThan(0);
  expect(filesOf(UNIT_TESTS)).toEqual(all);
  expect(filesOf(QUICK_UNIT_TESTS)).toEqual(all.filter((file) => !slow.includes(file)));
});
