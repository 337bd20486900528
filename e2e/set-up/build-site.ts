import {mkdir, mkdtemp, rename, rm} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {build} from 'vite';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const CONFIG_FILE = fromRoot('web/vite.config.ts');
const SITE_DIR = fromRoot('dist');
/** On the disk of `SITE_DIR`, so that a folder moves there in one step. */
const WORK_DIR = fromRoot('.cache');

/** Builds the page into `dist/`; a few seconds. Servers that already run never see half of it. */
export async function buildSite({log}: {readonly log: (line: string) => void}): Promise<void> {
  log('Building the page');
  await mkdir(WORK_DIR, {recursive: true});
  const folder = await mkdtemp(`${WORK_DIR}/site-`);
  try {
    const outDir = `${folder}/next`;
    await build({configFile: CONFIG_FILE, logLevel: 'warn', build: {outDir}});
    await rename(SITE_DIR, `${folder}/last`).catch(ignoreMissing);
    await rename(outDir, SITE_DIR);
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
