/// <reference types="node" />
import {readFile} from 'node:fs/promises';
import {WeftError} from '#shared/errors.ts';
import {jsonFaultOf} from './json-fault.ts';
import {whyUnreadable} from './why-unreadable.ts';

/**
 * Reads a JSON file that a person has written.
 *
 * @param doing what it is read for, for the sentence: "plan".
 * @throws {WeftError} `FILE_UNREADABLE`, with the file, and the place in it that is no JSON.
 */
export async function readJsonFile(doing: string, path: string): Promise<unknown> {
  const cannot = (why: string, cause: unknown) =>
    new WeftError({code: 'FILE_UNREADABLE', path}, `Cannot ${doing} "${path}": ${why}`, {cause});
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw cannot(whyUnreadable(error), error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw cannot(`it is not JSON at ${jsonFaultOf(text, error)}`, error);
  }
}
