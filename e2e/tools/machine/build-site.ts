import {fileURLToPath} from 'node:url';
import {build} from 'vite';

const CONFIG_FILE = fileURLToPath(new URL('../../../web/vite.config.ts', import.meta.url));

/** Builds the page into `dist/`; a few seconds. */
export async function buildSite({log}: {readonly log: (line: string) => void}): Promise<void> {
  log('Building the page');
  await build({configFile: CONFIG_FILE, logLevel: 'warn'});
}
