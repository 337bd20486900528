/// <reference types="node" />

import {join} from 'node:path';

/** What the search for a browser needs to know about a computer. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  /** Where installers of the platform put Chrome, Chromium and Edge. */
  readonly usualChromiumPaths: readonly string[];
  /** Where Playwright keeps, or would keep, a build of its own. */
  readonly locatePlaywrightChromium: () => Promise<string | null>;
}

/** This computer. */
export function readMachine(): Machine {
  const {platform, env} = process;
  return {
    platform,
    isRoot: process.getuid?.() === 0,
    usualChromiumPaths: listUsualPaths(platform, env),
    locatePlaywrightChromium: async () => {
      const {chromium} = await import('playwright');
      const path = chromium.executablePath();
      return path === '' ? null : path;
    },
  };
}

function listUsualPaths(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): readonly string[] {
  if (platform === 'darwin') {
    return ['/Applications', join(env['HOME'] ?? '', 'Applications')].flatMap((folder) => [
      join(folder, 'Google Chrome.app/Contents/MacOS/Google Chrome'),
      join(folder, 'Chromium.app/Contents/MacOS/Chromium'),
      join(folder, 'Microsoft Edge.app/Contents/MacOS/Microsoft Edge'),
    ]);
  }
  if (platform === 'win32') {
    const folders = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap(
      (name) => env[name] ?? [],
    );
    return folders.flatMap((folder) => [
      join(folder, 'Google/Chrome/Application/chrome.exe'),
      join(folder, 'Chromium/Application/chrome.exe'),
      join(folder, 'Microsoft/Edge/Application/msedge.exe'),
    ]);
  }
  return ['/usr/lib/chromium/chromium', '/opt/google/chrome/chrome', '/snap/bin/chromium'];
}
