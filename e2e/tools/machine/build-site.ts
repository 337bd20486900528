import {fileURLToPath} from 'node:url';
import {build} from 'vite';
import {isBuiltFrom, PAGE_SOURCE} from '../../../web/site/mark-source.ts';

const fromRoot = (path: string): string =>
  fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** Builds the page into `dist/`, a few seconds, unless what is there was built from the same source. */
export async function buildSite({log}: {readonly log: (line: string) => void}): Promise<void> {
  if (await isBuiltFrom(fromRoot('dist'), PAGE_SOURCE)) return;
  log('Building the page');
  await build({configFile: fromRoot('web/vite.config.ts'), logLevel: 'warn'});
}
