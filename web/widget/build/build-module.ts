import type {InlineConfig, Plugin} from 'vite';
import {importDirectly} from './import-directly.ts';
import {privateGlobals} from './private-globals.ts';
import {buildInto} from '../../site/in-built-site.ts';

type Options = {
  /** Of the file, without its ending. */
  readonly name: string;
  readonly entry: string;
  /** What `#shared` means. */
  readonly shared: string;
  readonly plugins: readonly Plugin[];
  readonly cssTarget?: NonNullable<InlineConfig['build']>['cssTarget'];
};

/** Builds a module that pages of others import into the folder of the site. */
export async function buildModule(
  folder: string,
  {name, entry, shared, plugins, cssTarget}: Options,
): Promise<void> {
  await buildInto(folder, {
    resolve: {alias: {'#shared': shared}},
    // Of Node.js; what a page has under this name is something of its own.
    define: {'globalThis.Buffer': 'undefined'},
    plugins: [importDirectly(), privateGlobals(), ...plugins],
    worker: {format: 'es'},
    build: {
      ...(cssTarget !== undefined && {cssTarget}),
      modulePreload: false,
      chunkSizeWarningLimit: 2_000,
      rolldownOptions: {
        input: {[name]: entry},
        // Nothing imports the entry: a page may have it under another name.
        preserveEntrySignatures: 'strict',
        output: {entryFileNames: '[name].js'},
      },
    },
  });
}
