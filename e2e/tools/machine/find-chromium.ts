/// <reference types="node" />

import {constants} from 'node:fs';
import {access} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import {WeftError} from '#shared/base/errors.ts';
import {pathFromCaller} from '../command-line/files/path-from-caller.ts';
import {installChromium} from './install-chromium.ts';
import {readMachine, type Machine} from './machine.ts';
import {describeFailure, runProcess} from './run-process.ts';

export interface FindChromiumOptions {
  /** `CHROMIUM_PATH` and `PATH` are read. Default: of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where lines for the person go. Default: standard error. */
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
  readonly machine?: Machine;
}

const PATH_NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
] as const;

/**
 * A Chromium (or Chrome, or Edge) that starts on this machine: `CHROMIUM_PATH`,
 * the PATH, the usual places, Playwright's own; installed when there is none
 * and this is allowed (Debian's package as root, else Playwright's build).
 *
 * @returns path of the binary, which has answered `--version`.
 * @throws {WeftError} `CHROMIUM_UNUSABLE` when `CHROMIUM_PATH` does not start;
 *   `CHROMIUM_MISSING` with all that was tried.
 */
export async function findChromium(options: FindChromiumOptions = {}): Promise<string> {
  const {env = process.env, log = printLine, signal, machine = readMachine()} = options;
  const search: Search = {env, machine, signal};
  const chosen = (env['CHROMIUM_PATH'] ?? '').trim();
  if (chosen !== '') return requireUsable({...search, path: programOf(chosen)});

  const first = await tryCandidates(search);
  if (first.kind === 'found') return first.path;
  const tried = [...first.problems];
  for await (const attempt of installChromium({env, log, signal, machine})) {
    if (attempt.kind === 'failed') {
      tried.push(`${attempt.name}: ${attempt.reason}`);
      continue;
    }
    const next = await tryCandidates(search);
    if (next.kind === 'found') return next.path;
    tried.push(`${attempt.name}: done, but still ${next.problems.join('; ')}`);
  }
  throw new WeftError(
    {code: 'CHROMIUM_MISSING', tried},
    `No Chromium on this machine; install Chromium or Chrome, or set CHROMIUM_PATH to its binary, and run the command again. Tried:${tried.map((line) => `\n  - ${line}`).join('')}`,
  );
}

/**
 * Flags for headless tabs that talk to nobody but this machine.
 *
 * WebGPU in `software` is a real adapter on the CPU (SwiftShader): correct and slow.
 */
export function chromiumArguments(options: {
  readonly webgpu: false | 'software' | 'hardware';
  readonly isRoot?: boolean;
  /** A server on loopback that the browser takes for one on a public address. */
  readonly public?: PublicServer;
  /** For tabs that compute for some seconds, in tests: less of the engine's code is optimized while they do. */
  readonly delaysWasmTiering?: boolean;
}): string[] {
  const {webgpu, isRoot = process.getuid?.() === 0, delaysWasmTiering = false} = options;
  const {names, flags} = asPublic(options.public);
  return [
    '--disable-quic',
    // Tabs meet on a machine without any network too; see `Tab.open`.
    '--allow-loopback-in-peer-connection',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-dev-shm-usage',
    `--disable-features=${[FINDS_BY_NAME, ...DISABLED_FEATURES].join(',')}`,
    `--host-resolver-rules=${names}MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost`,
    ...flags,
    // Chromium's sandbox refuses to start as root.
    ...(isRoot ? ['--no-sandbox'] : []),
    ...(webgpu === false ? [] : WEBGPU_FLAGS[webgpu]),
    ...(delaysWasmTiering ? LATE_TIERING_FLAGS : []),
  ];
}

export type PublicServer = {readonly host: string; readonly port: number};

/** As a site that many know: under a name, on a public address, and secure though it is not encrypted. */
function asPublic(server: PublicServer | undefined): {names: string; flags: readonly string[]} {
  if (server === undefined) return {names: '', flags: []};
  const {host, port} = server;
  const flags = [
    `--ip-address-space-overrides=127.0.0.1:${port}=public`,
    `--unsafely-treat-insecure-origin-as-secure=http://${host}:${port}`,
  ];
  return {names: `MAP ${host} 127.0.0.1, `, flags};
}

/**
 * A function of WebAssembly is compiled a second time, optimized, when it has done ten times as much as for people. Each tab
 * compiles for itself, and those that live for seconds never get back what that takes. Numbers are the same, bit for bit.
 */
const LATE_TIERING_FLAGS = ['--js-flags=--wasm-tiering-budget=130000000'] as const;

const WEBGPU_FLAGS = {
  software: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  hardware: [
    '--enable-unsafe-webgpu',
    '--ignore-gpu-blocklist',
    // A GPU without a screen; elsewhere than on Linux there is no Vulkan, and no need of it.
    ...(process.platform === 'linux'
      ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--disable-vulkan-surface']
      : []),
  ],
} as const;

/** Without it tabs on one machine find each other by address instead of by multicast. */
const FINDS_BY_NAME = 'WebRtcHideLocalIpsWithMdns';

// Only the last `--disable-features` of a command line counts, so this one also
// repeats those of Playwright's that call out or change what a test sees.
export const DISABLED_FEATURES = [
  'MediaRouter',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'PaintHolding',
  'DestroyProfileOnBrowserClose',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  // The address bar's list is a page of its own in every window, seen or not, and costs more than an empty tab.
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
] as const;

function printLine(line: string): void {
  process.stderr.write(`${line}\n`);
}

interface Search {
  readonly env: NodeJS.ProcessEnv;
  readonly machine: Machine;
  readonly signal: AbortSignal | undefined;
}

async function requireUsable(check: Check): Promise<string> {
  const problem = await explainUnusable(check);
  if (problem === null) return check.path;
  throw new WeftError(
    {code: 'CHROMIUM_UNUSABLE', path: check.path},
    `CHROMIUM_PATH names "${check.path}", which does not start (${problem}); name the binary of a Chromium, or unset CHROMIUM_PATH to have one looked for`,
  );
}

type SearchResult =
  | {readonly kind: 'found'; readonly path: string}
  | {readonly kind: 'none'; readonly problems: readonly string[]};

async function tryCandidates(search: Search): Promise<SearchResult> {
  const problems: string[] = [];
  for (const path of await listCandidates(search)) {
    const problem = await explainUnusable({...search, path});
    if (problem === null) return {kind: 'found', path};
    problems.push(`${path}: does not start (${problem})`);
  }
  const none = `PATH, usual places and Playwright's own folder: no ${PATH_NAMES.join(', ')}`;
  return {kind: 'none', problems: problems.length === 0 ? [none] : problems};
}

/** Files that exist and may be executed, likeliest first. */
async function listCandidates({env, machine}: Search): Promise<readonly string[]> {
  const folders = (env['PATH'] ?? env['Path'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '');
  const suffix = machine.platform === 'win32' ? '.exe' : '';
  const onPath = PATH_NAMES.flatMap((name) => folders.map((folder) => join(folder, name + suffix)));
  const playwright = await machine.locatePlaywrightChromium();
  const all = [
    ...onPath,
    ...machine.usualChromiumPaths,
    ...(playwright === null ? [] : [playwright]),
  ];
  const executable = await Promise.all(all.map(isExecutable));
  return all.filter((path, index) => executable[index] === true && all.indexOf(path) === index);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface Check extends Search {
  readonly path: string;
}

/** `null` when it starts. Some distributions put a script there that only says "use snap". */
async function explainUnusable({path, env, machine, signal}: Check): Promise<string | null> {
  // On Windows `--version` opens a window and prints nothing.
  if (machine.platform === 'win32') return (await isExecutable(path)) ? null : 'no such file';
  const outcome = await runProcess({
    file: path,
    args: ['--version'],
    env,
    timeoutMs: 30_000,
    signal,
  });
  return outcome.kind === 'ended' && outcome.code === 0 ? null : describeFailure(outcome);
}

/** A name without a folder is looked for on the PATH. */
function programOf(chosen: string): string {
  return /[/\\]/u.test(chosen) ? pathFromCaller(chosen) : chosen;
}
