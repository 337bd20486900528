import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {filesIn} from './files-in.ts';

/** Whether two folders hold the same files with the same bytes. Reads both; files that go meanwhile are not the same. */
export async function haveSameFiles(one: string, other: string): Promise<boolean> {
  const [paths, otherPaths] = await Promise.all([pathsIn(one), pathsIn(other)]);
  if (paths.join('\n') !== otherPaths.join('\n')) return false;
  for (const path of paths) {
    const [bytes, otherBytes] = await Promise.all([read(one, path), read(other, path)]);
    if (bytes === null || otherBytes === null || !bytes.equals(otherBytes)) return false;
  }
  return true;
}

async function read(folder: string, path: string): Promise<Buffer | null> {
  return await readFile(join(folder, path)).catch(ignoreMissing);
}

async function pathsIn(folder: string): Promise<readonly string[]> {
  return (await filesIn(folder).catch(ignoreMissing)) ?? [];
}

function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code !== 'ENOENT') throw error;
  return null;
}
