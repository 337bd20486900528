import {readdir} from 'node:fs/promises';
import {join, relative} from 'node:path';

/** The paths of all files below a folder, relative to it, sorted. */
export async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, {recursive: true, withFileTypes: true});
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({parentPath, name}) => relative(folder, join(parentPath, name))).toSorted();
}
