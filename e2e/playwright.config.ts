import {fileURLToPath} from 'node:url';
import {defineConfig} from '@playwright/test';
import {chromiumArguments, findChromium} from './tools/machine/find-chromium.ts';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Many tabs at once, or what is compared with a clock: nothing may run beside them. */
const ALONE = '**/specs/alone/*.spec.ts';

/** The files that take longest. */
const LONG = '**/specs/{page,recovery,swarm,engine/engine,engine/reference,engine/webgpu}.spec.ts';

export default defineConfig({
  testDir: '.',
  projects: [
    // Begun first, so that none is left in the end, on one of two cores.
    {
      name: 'long',
      testMatch: LONG,
      outputDir: fromRoot('.cache/playwright/long'),
    },
    {
      name: 'side-by-side',
      testMatch: '**/*.spec.ts',
      testIgnore: [ALONE, LONG],
      outputDir: fromRoot('.cache/playwright/side-by-side'),
    },
    {name: 'alone', testMatch: ALONE, outputDir: fromRoot('.cache/playwright/alone')},
  ],
  // One at a time is best to look at; `npm test` says how many of the first two projects.
  workers: 1,
  retries: 0,
  // Ends a test that hangs; no test is about time, and machines are busy.
  timeout: 400_000,
  expect: {timeout: 60_000},
  reporter: [['list'], ['json', {outputFile: fromRoot('.cache/reports/playwright.json')}]],
  use: {
    launchOptions: {
      executablePath: await findChromium(),
      args: chromiumArguments({webgpu: false, delaysWasmTiering: true}),
    },
  },
});
