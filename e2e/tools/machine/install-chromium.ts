/// <reference types="node" />

import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import type {Machine} from './machine.ts';
import {describeFailure, runProcess, type ProcessOutcome} from './run-process.ts';

export interface InstallChromiumOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal | undefined;
  readonly machine: Machine;
}

/** `name` says in a person's words what was done. */
export type InstallAttempt =
  | {readonly kind: 'done'; readonly name: string}
  | {readonly kind: 'failed'; readonly name: string; readonly reason: string};

const TIMEOUT_MS = 10 * 60_000;

/**
 * The ways to get a Chromium onto this machine, one after the other; the
 * caller stops asking as soon as one of them helped.
 */
export async function* installChromium(
  options: InstallChromiumOptions,
): AsyncGenerator<InstallAttempt> {
  if (options.machine.platform === 'linux' && options.machine.isRoot) {
    yield await installDebianPackage(options);
  }
  yield await installPlaywrightBuild(options);
}

async function installDebianPackage(options: InstallChromiumOptions): Promise<InstallAttempt> {
  const {env, log, signal} = options;
  const name = 'apt-get install chromium';
  const run = async (args: readonly string[]): Promise<ProcessOutcome> =>
    runProcess({
      file: 'apt-get',
      args: [...APT_OPTIONS, ...args],
      env: {...env, DEBIAN_FRONTEND: 'noninteractive'},
      timeoutMs: TIMEOUT_MS,
      signal,
      onLine: (line) => {
        if (/^(Get:|Need to get|Unpacking|Setting up chromium)/u.test(line)) log(`  ${line}`);
      },
    });
  log('No Chromium found; installing the package of the system (apt-get install chromium)');
  const update = await run(['update']);
  if (update.kind === 'not-started')
    return {kind: 'failed', name, reason: 'no apt-get on the PATH'};
  // A stale list may still do; the installation itself decides.
  const install = await run(['install', '-y', '--no-install-recommends', 'chromium']);
  return toAttempt(name, install);
}

// A closed network must answer within seconds, not after apt's two minutes a mirror.
const APT_OPTIONS = [
  '-o=Acquire::Retries=1',
  '-o=Acquire::http::Timeout=10',
  '-o=Acquire::https::Timeout=10',
  '-o=DPkg::Lock::Timeout=60',
] as const;

async function installPlaywrightBuild(options: InstallChromiumOptions): Promise<InstallAttempt> {
  const {env, log, signal} = options;
  const packageFile = createRequire(import.meta.url).resolve('playwright/package.json');
  log('No Chromium found; downloading the build of Playwright (npx playwright install chromium)');
  const outcome = await runProcess({
    file: process.execPath,
    args: [join(dirname(packageFile), 'cli.js'), 'install', 'chromium', '--no-shell'],
    env: {PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: '10000', ...env},
    timeoutMs: TIMEOUT_MS,
    signal,
    onLine: (line) => log(`  ${line}`),
  });
  return toAttempt('npx playwright install chromium', outcome);
}

function toAttempt(name: string, outcome: ProcessOutcome): InstallAttempt {
  if (outcome.kind === 'ended' && outcome.code === 0) return {kind: 'done', name};
  return {kind: 'failed', name, reason: describeFailure(outcome)};
}
