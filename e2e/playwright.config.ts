import {defineConfig} from '@playwright/test';

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  outputDir: '../.cache/playwright',
  // Two cores, and tabs that compute: one at a time.
  workers: 1,
  retries: 0,
  timeout: 180_000,
  reporter: [['list'], ['json']],
});
