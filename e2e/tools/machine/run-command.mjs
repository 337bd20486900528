/// <reference types="node" />
import {spawn} from 'node:child_process';
import {existsSync, readdirSync} from 'node:fs';
import {constants} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {installDependencies} from './install-dependencies.mjs';
import {pickNode} from './pick-node.mjs';
import {SetUpError} from './set-up-error.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const commandFolder = join(root, 'e2e', 'tools', 'commands');

/**
 * Runs `e2e/tools/commands/<name>.ts` with a Node that can, after installing what is
 * missing. The exit code of the command becomes the exit code of this process.
 *
 * @param {readonly string[]} args name of the command, then its own arguments
 */
export async function runCommand(args) {
  try {
    const script = findCommand(args[0] ?? '');
    await installDependencies({root, log: printLine});
    const node = pickNode({root, version: process.versions.node, executable: process.execPath});
    process.exitCode = await runToEnd(node, [script, ...args.slice(1)]);
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    printLine(error.message);
    process.exitCode = 1;
  }
}

/** @param {string} line */
function printLine(line) {
  process.stderr.write(`${line}\n`);
}

/** @param {string} name */
function findCommand(name) {
  const script = join(commandFolder, `${name}.ts`);
  if (/^[a-z][a-z-]*$/u.test(name) && existsSync(script)) return script;
  const names = readdirSync(commandFolder)
    .filter((file) => /^[a-z-]+\.ts$/u.test(file))
    .map((file) => file.slice(0, -'.ts'.length));
  throw new SetUpError(`There is no command "${name}"; the commands are: ${names.join(', ')}`);
}

/**
 * @param {string} node path of a Node that runs TypeScript
 * @param {readonly string[]} args
 * @returns {Promise<number>} exit code, 128 + n after signal n
 */
function runToEnd(node, args) {
  const child = spawn(node, args, {stdio: 'inherit', env: environmentFor(node)});
  const stopForwarding = forwardSignals(child);
  const stopWatching = followNpm(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      stopForwarding();
      stopWatching();
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
}

/**
 * A plain `node`, `tsc` or `vite` started by the command is the one chosen here.
 *
 * @param {string} node
 */
function environmentFor(node) {
  const folders = [join(root, 'node_modules', '.bin'), dirname(node)];
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  return {...process.env, [name]: [...folders, process.env[name] ?? ''].join(delimiter)};
}

const LOOK_FOR_NPM_EVERY_MS = 500;

/**
 * A signal to npm alone ends npm and its shell, not the command: then nobody
 * would ever stop it. So it ends with npm.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @returns {() => void} stops looking
 */
function followNpm(child) {
  const isStartedByNpm = process.env['npm_lifecycle_event'] !== undefined;
  const startedBy = process.ppid;
  const timer = setInterval(() => {
    if (!isStartedByNpm || process.ppid === startedBy) return;
    clearInterval(timer);
    child.kill('SIGTERM');
  }, LOOK_FOR_NPM_EVERY_MS);
  return () => {
    clearInterval(timer);
  };
}

/** @param {import('node:child_process').ChildProcess} child */
function forwardSignals(child) {
  // A terminal sends Ctrl-C to the whole process group, so the command has it
  // already; a second one would mean "skip the clean-up".
  const hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const handlers = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
    const isSentByTerminal = hasTerminal && signal !== 'SIGTERM';
    const handle = () => {
      if (!isSentByTerminal) child.kill(signal);
    };
    process.on(signal, handle);
    return {signal, handle};
  });
  return () => {
    for (const {signal, handle} of handlers) process.off(signal, handle);
  };
}
