/// <reference types="node" />
import {resolve} from 'node:path';

/**
 * A path as the person who typed it means it: from the folder they stand in.
 * npm runs a script in the folder of `package.json` and tells in `INIT_CWD`
 * where it was called.
 *
 * @param path absolute paths stay as they are.
 */
export function pathFromCaller(
  path: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  return resolve(env['INIT_CWD'] ?? process.cwd(), path.trim());
}
