import {build, mergeConfig, type InlineConfig, type Plugin} from 'vite';

/**
 * A plugin that works in the folder of the site when all files of the page are in it, after
 * those before it in the list, and before the site is swapped in.
 */
export function inBuiltSite(name: string, work: (folder: string) => Promise<void>): Plugin {
  let outDir = '';
  return {
    name,
    apply: 'build',
    configResolved(config) {
      ({outDir} = config.build);
    },
    writeBundle: {
      order: 'pre',
      sequential: true,
      handler: async ({dir = outDir}) => work(dir),
    },
  };
}

/** Builds more scripts into the folder of the site, on their own: they share no file with the page. */
export async function buildInto(folder: string, config: InlineConfig): Promise<void> {
  const common: InlineConfig = {
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    base: './',
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2023',
      rolldownOptions: {checks: {bundlerTimings: false}},
    },
  };
  await build(mergeConfig(common, config));
}
