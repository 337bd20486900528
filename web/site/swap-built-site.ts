import {randomUUID} from 'node:crypto';
import {rename, rm} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import type {Plugin} from 'vite';
import {haveSameFiles} from './have-same-files.ts';

/** What systems say when a folder is to take the place of one that holds something. */
const TAKEN: ReadonlySet<unknown> = new Set([
  'ENOTEMPTY',
  'EEXIST',
  // Elsewhere it means that one may not write here at all.
  ...(process.platform === 'win32' ? ['EPERM'] : []),
]);

/**
 * Builds the site beside the last one and swaps it in when it is complete, so
 * that a server which runs meanwhile never serves half of it. A build that fails
 * leaves the last site as it is, and so does one that changes nothing: between the
 * two steps of a swap there is no site, and other commands may be copying it.
 *
 * @param workDir on the disk of the site, so that a folder moves there in one step.
 */
export function swapBuiltSite({workDir}: {readonly workDir: string}): Plugin {
  const folder = join(workDir, `site-${randomUUID()}`);
  const nextDir = join(folder, 'next');
  let siteDir = '';
  return {
    name: 'swap-built-site',
    apply: 'build',
    config({root = '.', build}) {
      siteDir = resolve(root, build?.outDir ?? 'dist');
      return {build: {outDir: nextDir, emptyOutDir: true}};
    },
    async writeBundle() {
      if (await haveSameFiles(nextDir, siteDir)) return;
      let turn = 0;
      do {
        turn += 1;
        await rename(siteDir, join(folder, `last-${turn}`)).catch(ignoreMissing);
      } while (!(await isMoved(nextDir, siteDir)));
    },
    async closeBundle() {
      await rm(folder, {recursive: true, force: true});
    },
  };
}

/** Whether the folder is there now; not while another build has put its own in the same place. */
async function isMoved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && TAKEN.has(error.code)) return false;
    throw error;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
