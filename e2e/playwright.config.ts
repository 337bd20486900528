import {fileURLToPath} from 'node:url';
import {defineConfig} from '@playwright/test';
import {chromiumArguments, findChromium} from './tools/machine/find-chromium.ts';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Few tabs, which spend most of their time with waiting: two such files fit side by side on two cores. */
const WAITING = [
  '**/specs/{away,clock,demo,dev,even-out,kept-weights,life,network,page,sub-path}.spec.ts',
  '**/specs/hostile/*.spec.ts',
  '**/specs/widget/*.spec.ts',
];

export default defineConfig({
  testDir: '.',
  projects: [
    {name: 'waiting', testMatch: WAITING, outputDir: fromRoot('.cache/playwright/waiting')},
    {
      name: 'computing',
      testMatch: '**/*.spec.ts',
      testIgnore: WAITING,
      outputDir: fromRoot('.cache/playwright/computing'),
    },
  ],
  // Two cores, and tabs that compute: one at a time. `npm test` gives the waiting ones two.
  workers: 1,
  retries: 0,
  // Ends a test that hangs; no test is about time, and machines are busy.
  timeout: 400_000,
  expect: {timeout: 60_000},
  reporter: [['list'], ['json', {outputFile: fromRoot('.cache/reports/playwright.json')}]],
  use: {
    launchOptions: {
      executablePath: await findChromium(),
      args: chromiumArguments({webgpu: false}),
    },
  },
});
