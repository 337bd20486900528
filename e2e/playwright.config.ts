import {fileURLToPath} from 'node:url';
import {defineConfig} from '@playwright/test';
import {chromiumArguments, findChromium} from './tools/machine/find-chromium.ts';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  outputDir: fromRoot('.cache/playwright'),
  // Two cores, and tabs that compute: one at a time.
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
