/// <reference types="node" />

import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';

export interface ProcessOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with each line of standard output while the process runs. */
  readonly onLine?: (line: string) => void;
}

export type ProcessOutcome =
  /** `code` is `null` when a signal or the time limit ended it. Outputs: their last 32 KiB. */
  | {
      readonly kind: 'ended';
      readonly code: number | null;
      readonly stdout: string;
      readonly stderr: string;
    }
  | {readonly kind: 'not-started'; readonly reason: string};

const KEPT_CHARACTERS = 32_768;

/**
 * Runs a program of the machine to its end, with nothing on its standard input.
 *
 * @throws the reason of `signal` when it aborts; the program is ended first.
 */
export async function runProcess(options: ProcessOptions): Promise<ProcessOutcome> {
  const {file, args, env, timeoutMs, signal, onLine} = options;
  signal?.throwIfAborted();
  const child = spawn(file, args, {env, timeout: timeoutMs, stdio: ['ignore', 'pipe', 'pipe']});
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout = (stdout + text).slice(-KEPT_CHARACTERS);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT_CHARACTERS);
  });
  if (onLine !== undefined) createInterface({input: child.stdout}).on('line', onLine);

  const end = (): boolean => child.kill();
  signal?.addEventListener('abort', end, {once: true});
  const outcome = await new Promise<ProcessOutcome>((resolve) => {
    child.once('error', ({message}) => resolve({kind: 'not-started', reason: message}));
    child.once('close', (code) => resolve({kind: 'ended', code, stdout, stderr}));
  });
  signal?.removeEventListener('abort', end);
  signal?.throwIfAborted();
  return outcome;
}

/** Why a process did not do its work, in a few words: its last line of complaint. */
export function describeFailure(outcome: ProcessOutcome): string {
  if (outcome.kind === 'not-started') return outcome.reason;
  const lines = outcome.stderr.split('\n').filter((line) => line.trim() !== '');
  const complaint =
    lines.findLast((line) => /Error: .*\bE[A-Z]{5,}\b/u.test(line)) ??
    lines.findLast((line) => /error|fail|cannot|unable|^E: /iu.test(line)) ??
    lines.at(-1);
  const ending =
    outcome.code === null
      ? 'ended by a signal or after its time limit'
      : `exit code ${outcome.code}`;
  return complaint === undefined ? ending : `${ending}: ${complaint.trim().slice(0, 300)}`;
}
