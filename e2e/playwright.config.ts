/// <reference types="node" />
import {existsSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {defineConfig} from '@playwright/test';

const onPath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => ['chromium', 'google-chrome'].map((name) => join(folder, name)))
  .find((path) => existsSync(path));
const executablePath = process.env['CHROMIUM_PATH'] ?? onPath;

export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  timeout: 120_000,
  workers: 1,
  outputDir: '../.cache/playwright',
  use: {
    launchOptions: {
      ...(executablePath === undefined ? {} : {executablePath}),
      args: [
        '--no-sandbox',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--disable-dev-shm-usage',
      ],
    },
  },
});
