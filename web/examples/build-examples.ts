import type {Plugin} from 'vite';
import {buildInto, inBuiltSite} from '../site/in-built-site.ts';

/** Scripts of the pages in `public/examples/`, by their names there. */
type Entries = Readonly<Record<string, string>>;

/** The client in code lies beside them, as it does for pages of others. */
const clientBeside: Plugin = {
  name: 'client-beside',
  enforce: 'pre',
  resolveId: (source) =>
    source.endsWith('/public/client.js') ? {id: '../client.js', external: 'relative'} : null,
};

/** Builds the scripts of the examples. */
export function buildExamples(entries: Entries): Plugin {
  return inBuiltSite('build-examples', async (folder) =>
    buildInto(folder, {
      plugins: [clientBeside],
      define: {
        // Vue asks the build which of its parts a page wants.
        __VUE_OPTIONS_API__: 'false',
        __VUE_PROD_DEVTOOLS__: 'false',
        __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
      },
      build: {
        rolldownOptions: {
          input: {...entries},
          output: {entryFileNames: 'examples/[name].js'},
        },
      },
    }),
  );
}
