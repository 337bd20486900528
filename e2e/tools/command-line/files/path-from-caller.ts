/// <reference types="node" />
import {dirname, resolve} from 'node:path';

/**
 * A path as the person who typed it means it: from the folder they stand in.
 * npm runs a script in the folder of `package.json` and tells in `INIT_CWD`
 * where it was called; who has left that folder since stands somewhere else.
 *
 * @param path absolute paths stay as they are.
 */
export function pathFromCaller(
  path: string,
  {env = process.env, cwd = process.cwd()}: Standing = {},
): string {
  const packageFile = env['npm_package_json'] ?? '';
  const isStartedByNpm = packageFile !== '' && dirname(packageFile) === cwd;
  return resolve(isStartedByNpm ? (env['INIT_CWD'] ?? cwd) : cwd, path);
}

type Standing = {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
};
