import {randomUUID} from 'node:crypto';
import {rename, rm} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import type {Plugin} from 'vite';

/**
 * Builds the site beside the last one and swaps it in when it is complete, so
 * that a server which runs meanwhile never serves half of it. A build that fails
 * leaves the last site as it is.
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
      await rename(siteDir, join(folder, 'last')).catch(ignoreMissing);
      await rename(nextDir, siteDir);
    },
    async closeBundle() {
      await rm(folder, {recursive: true, force: true});
    },
  };
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
