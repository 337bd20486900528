/// <reference types="node" />
import * as z from 'zod';
import {parsePool, type Pool} from '#shared/lab/pools/pool-file.ts';
import {readJsonFile} from '../command-line/read-json-file.ts';

/**
 * A pool from a file.
 *
 * @param command for the sentence: "plan".
 * @throws {Error} with what is wrong and how to mend it, when there is not exactly
 *   one path, or the file cannot be read or is no pool.
 */
export async function readPool(command: string, paths: readonly string[]): Promise<Pool> {
  const [path] = paths;
  if (path === undefined || paths.length > 1) {
    const found = path === undefined ? 'no pool file' : `${paths.length} pool files`;
    throw new Error(`Cannot ${command}: ${found}; npm run -s ${command} -- POOL.json`);
  }
  const json = await readJsonFile(command, path);
  try {
    return parsePool(json);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const wrong = error.issues.map(
      ({path: field, message}) => `${field.join('.') || 'the whole'}: ${message}`,
    );
    const why = `it is no pool file (${wrong.join('; ')})`;
    throw new Error(`Cannot ${command} "${path}": ${why}`, {cause: error});
  }
}
