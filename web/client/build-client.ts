import type {Plugin} from 'vite';
import {buildInto, inBuiltSite} from '../site/in-built-site.ts';
import {importDirectly} from '../widget/build/import-directly.ts';
import {privateGlobals} from '../widget/build/private-globals.ts';
import {weighEntry} from '../widget/build/weigh-entry.ts';

/** What a program loads that has not asked yet. */
const MOST_BYTES = 5_000;

type Options = {
  /** The module that becomes `client.js`. */
  readonly entry: string;
  /** What `#shared` means. */
  readonly shared: string;
};

/** Builds the client in code into the folder of the site, on its own, as the widget is. */
export function buildClient({entry, shared}: Options): Plugin {
  return inBuiltSite('build-client', async (folder) =>
    buildInto(folder, {
      resolve: {alias: {'#shared': shared}},
      define: {'globalThis.Buffer': 'undefined'},
      plugins: [
        importDirectly(),
        privateGlobals(),
        weighEntry({what: 'client', mostBytes: MOST_BYTES}),
      ],
      worker: {format: 'es'},
      build: {
        modulePreload: false,
        chunkSizeWarningLimit: 2_000,
        rolldownOptions: {
          input: {client: entry},
          preserveEntrySignatures: 'strict',
          output: {entryFileNames: '[name].js'},
        },
      },
    }),
  );
}
