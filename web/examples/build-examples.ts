import type {Plugin} from 'vite';
import {buildInto, inBuiltSite} from '../site/in-built-site.ts';

/** Scripts of the pages in `public/examples/`, by their names there. */
type Entries = Readonly<Record<string, string>>;

/** Builds the scripts of the examples. */
export function buildExamples(entries: Entries): Plugin {
  return inBuiltSite('build-examples', async (folder) =>
    buildInto(folder, {
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
