import {createHash} from 'node:crypto';
import {readFile, stat, writeFile} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Plugin} from 'vite';
import {filesIn} from './files-in.ts';
import {inBuiltSite} from './in-built-site.ts';

/** Files and folders that a site is built from. */
export type Source = {
  readonly rootDir: string;
  readonly paths: readonly string[];
};

/** All that the page, the widget and the examples are built from; of the packages the lock file is enough. */
export const PAGE_SOURCE: Source = {
  rootDir: fileURLToPath(new URL('../..', import.meta.url)),
  paths: ['web', 'shared', 'public', 'package.json', 'package-lock.json', 'tsconfig.json'],
};

/** In the site: the SHA-256 of its source. */
const MARK = 'source.txt';

/** Writes into the site which source it was built from, as that was when the build began. */
export function markSource(source: Source): Plugin {
  let hash = '';
  return {
    ...inBuiltSite('mark-source', async (folder) => writeFile(join(folder, MARK), hash)),
    async buildStart() {
      hash = await hashSource(source);
    },
  };
}

/** Whether a site is there that was built from this source. Reads all of the source. */
export async function isBuiltFrom(siteDir: string, source: Source): Promise<boolean> {
  const mark = await readFile(join(siteDir, MARK), 'utf8').catch(() => null);
  return mark !== null && mark === (await hashSource(source));
}

async function hashSource({rootDir, paths}: Source): Promise<string> {
  const files = await Promise.all(paths.map(async (path) => filesOf(join(rootDir, path))));
  const hash = createHash('sha256');
  for (const file of files.flat().toSorted()) {
    const bytes = await readFile(file);
    hash.update(JSON.stringify([relative(rootDir, file), bytes.byteLength])).update(bytes);
  }
  return hash.digest('hex');
}

async function filesOf(path: string): Promise<readonly string[]> {
  if ((await stat(path)).isFile()) return [path];
  return (await filesIn(path)).map((file) => join(path, file));
}
