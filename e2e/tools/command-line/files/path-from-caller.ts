/// <reference types="node" />
import {dirname, resolve} from 'node:path';

/**
 * A path as the user who typed it means it: relative to their current folder.
 * npm runs a script in the folder of `package.json` and tells in `INIT_CWD`
 * where it was called; a process that has left that folder since is elsewhere.
 *
 * @param path absolute paths stay as they are.
 */
export function pathFromCaller(
  path: string,
  {env = process.env, cwd = process.cwd()}: Surroundings = {},
): string {
  const packageFile = env['npm_package_json'] ?? '';
  const isStartedByNpm = packageFile !== '' && dirname(packageFile) === cwd;
  return resolve(isStartedByNpm ? (env['INIT_CWD'] ?? cwd) : cwd, path);
}

type Surroundings = {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
};
