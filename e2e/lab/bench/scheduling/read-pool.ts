/// <reference types="node" />
import * as z from 'zod';
import {parsePool, type Pool} from '#shared/lab/pools/pool-file.ts';
import {readJsonFile} from '../../../tools/command-line/files/read-json-file.ts';

/**
 * A pool from a file.
 *
 * @param command for the sentence: "plan".
 * @throws {Error} with what is wrong and how to fix it, when the file cannot be read or is
 *   not a pool.
 */
export async function readPool(command: string, path: string): Promise<Pool> {
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
