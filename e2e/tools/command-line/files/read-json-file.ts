/// <reference types="node" />
import {readFile} from 'node:fs/promises';
import {WeftError} from '#shared/base/errors.ts';
import {pathFromCaller} from './path-from-caller.ts';
import {jsonFaultOf} from './json-fault.ts';
import {whyUnreadable} from './why-unreadable.ts';

/**
 * Reads a JSON file that a person has written.
 *
 * @param doing what it is read for, for the sentence: "plan".
 * @param path relative to the folder in which the command was called.
 * @throws {WeftError} `FILE_UNREADABLE`, with the file, and the place in it where it stops being JSON.
 */
export async function readJsonFile(doing: string, path: string): Promise<unknown> {
  const cannot = (why: string, cause: unknown) =>
    new WeftError({code: 'FILE_UNREADABLE', path}, `Cannot ${doing} "${path}": ${why}`, {cause});
  let text: string;
  try {
    text = decode(await readFile(pathFromCaller(path)));
  } catch (error) {
    throw cannot(whyUnreadable(error), error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw cannot(`it is not JSON at ${jsonFaultOf(text, error)}`, error);
  }
}

/** UTF-8, or what the byte order mark says, which some editors and shells write. */
function decode(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder().decode(bytes);
}
