import {build, type Plugin} from 'vite';

/** Scripts of the pages in `public/examples/`, by their names there. */
type Entries = Readonly<Record<string, string>>;

/** Builds the scripts of the examples, on their own: the page shares nothing with them. */
export function buildExamples(entries: Entries): Plugin {
  let outDir = '';
  return {
    name: 'build-examples',
    apply: 'build',
    configResolved(config) {
      ({outDir} = config.build);
    },
    writeBundle: {
      order: 'pre',
      sequential: true,
      async handler({dir = outDir}) {
        await build({
          configFile: false,
          publicDir: false,
          logLevel: 'warn',
          base: './',
          define: {
            // Vue asks the build which of its parts a page wants.
            __VUE_OPTIONS_API__: 'false',
            __VUE_PROD_DEVTOOLS__: 'false',
            __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
          },
          build: {
            outDir: dir,
            emptyOutDir: false,
            target: 'es2023',
            rolldownOptions: {
              input: {...entries},
              output: {entryFileNames: 'examples/[name].js'},
              checks: {bundlerTimings: false},
            },
          },
        });
      },
    },
  };
}
