/// <reference types="node" />
import {spawn} from 'node:child_process';
import {accessSync, constants, existsSync, readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {SetUpError} from './set-up-error.mjs';

// npm's own waiting (up to two minutes) is too long for a network that is closed.
const ciArguments = [
  'ci',
  '--include=dev',
  '--include=optional',
  '--loglevel=http',
  '--fetch-retries=2',
  '--fetch-retry-mintimeout=500',
  '--fetch-retry-maxtimeout=2000',
];

/**
 * Runs `npm ci` when `node_modules` is not what `package-lock.json` asks for;
 * otherwise starts nothing and needs no network.
 *
 * @param {{readonly root: string, readonly log: (line: string) => void}} options
 */
export async function installDependencies({root, log}) {
  if (isInstalled(root)) return;
  requireWritable(root);
  log('Installing the dependencies (npm ci; once, and after each change of package-lock.json)');
  const startedMs = performance.now();
  const {code, output} = await runNpm({root, args: ciArguments, log});
  if (code !== 0) {
    throw new SetUpError(
      `Cannot install the dependencies: ${explainFailure({root, code, output})}`,
    );
  }
  log(`Dependencies installed in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

/**
 * npm leaves a copy of the lock file inside `node_modules` as its last step:
 * what is in there is what is installed.
 *
 * @param {string} root
 */
function isInstalled(root) {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const present = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === null) throw new SetUpError(`Cannot read "${join(root, 'package-lock.json')}"`);
  if (present === null) return false;
  return Object.entries(wanted).every(([path, {version, integrity, optional}]) => {
    if (path === '') return true;
    const found = present[path];
    // Packages for other platforms are in the lock file only.
    if (found === undefined) return optional === true;
    return found.version === version && found.integrity === integrity;
  });
}

/**
 * @param {string} path
 * @returns {Record<string, {version?: string, integrity?: string, optional?: boolean}> | null}
 */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
  } catch {
    return null;
  }
}

/** @param {string} root */
function requireWritable(root) {
  for (const path of [root, join(root, 'node_modules')].filter((folder) => existsSync(folder))) {
    try {
      accessSync(path, constants.W_OK);
    } catch {
      throw new SetUpError(`Cannot install the dependencies: ${explainNoPermission(path)}`);
    }
  }
}

/** @param {string} path */
function explainNoPermission(path) {
  return `no permission to write "${path}"; give yourself the right to, or clone the repository into a folder of your own`;
}

/**
 * @param {{root: string, args: readonly string[], log: (line: string) => void}} options
 * @returns {Promise<{code: number, output: string}>} output: the last 64 KiB
 */
function runNpm({root, args, log}) {
  const {file, prefix, shell} = findNpm();
  const child = spawn(file, [...prefix, ...args], {
    cwd: root,
    shell,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let fetchedFiles = 0;
  /** @param {string} text */
  const take = (text) => {
    output = (output + text).slice(-65_536);
    const before = Math.floor(fetchedFiles / 100);
    fetchedFiles += text.match(/^npm http /gmu)?.length ?? 0;
    if (Math.floor(fetchedFiles / 100) > before) log(`  ${fetchedFiles} files fetched`);
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      const isMissing = 'code' in error && error.code === 'ENOENT';
      const reason = isMissing
        ? 'npm is not on the PATH; install Node with npm from https://nodejs.org'
        : `npm does not start (${error.message})`;
      reject(new SetUpError(`Cannot install the dependencies: ${reason}`));
    });
    child.once('close', (code) => resolve({code: code ?? 1, output}));
  });
}

function findNpm() {
  const running = process.env['npm_execpath'];
  if (running !== undefined && basename(running) === 'npm-cli.js' && existsSync(running)) {
    return {file: process.execPath, prefix: [running], shell: false};
  }
  // On Windows npm is a .cmd file, which only a shell can start.
  return {file: 'npm', prefix: [], shell: process.platform === 'win32'};
}

/** @param {{root: string, code: number, output: string}} options */
function explainFailure({root, code, output}) {
  const errorLines = output.split('\n').filter((line) => /^npm (error|ERR!)/u.test(line));
  const text = errorLines.join('\n');
  if (/\b(EACCES|EPERM|EROFS)\b/u.test(text)) {
    return explainNoPermission(join(root, 'node_modules'));
  }
  if (/\bENOSPC\b/u.test(text)) {
    return `the disk is full; free about 700 MB for "${join(root, 'node_modules')}" and run the command again`;
  }
  const network =
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED)\b/u.exec(
      text,
    );
  if (network !== null) {
    return `the package registry does not answer (${network[0]}); check the network and the proxy ("npm config get registry", "npm config get proxy") and run the command again`;
  }
  const shown = errorLines.slice(0, 20).join('\n');
  return `npm ci ended with code ${code}; run "npm ci" by hand to see all of it${shown && `\n${shown}`}`;
}
