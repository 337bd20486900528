import type {Plugin} from 'vite';
import {buildInto, inBuiltSite} from '../../site/in-built-site.ts';
import {importDirectly} from './import-directly.ts';
import {pinVersion} from './pin-version.ts';
import {pixelsForRem} from './pixels-for-rem.ts';
import {privateGlobals} from './private-globals.ts';
import {weighEntry} from './weigh-entry.ts';

/** What a visitor downloads who never writes a message. */
const MOST_BYTES = 50_000;

type Options = {
  /** The module that becomes `widget.js`. */
  readonly entry: string;
  /** What `#shared` means. */
  readonly shared: string;
  /** Under which it stays as it is. */
  readonly version: string;
};

/**
 * Builds the widget into the folder of the site, on its own: what it shares with the page would
 * otherwise be cut into files that fit neither.
 */
export function buildWidget({entry, shared, version}: Options): Plugin {
  return inBuiltSite('build-widget', async (folder) =>
    buildInto(folder, {
      resolve: {alias: {'#shared': shared}},
      // Of Node.js; what a page has under this name is something of its own.
      define: {'globalThis.Buffer': 'undefined'},
      plugins: [
        importDirectly(),
        privateGlobals(),
        pixelsForRem(),
        weighEntry({what: 'widget', mostBytes: MOST_BYTES, loads: 'define-chat'}),
        pinVersion({version}),
      ],
      worker: {format: 'es'},
      build: {
        // Those that know `light-dark()`: its replacement takes `color-scheme` from the same file.
        cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
        modulePreload: false,
        chunkSizeWarningLimit: 2_000,
        rolldownOptions: {
          input: {widget: entry},
          // Nothing imports the entry: a page may have it under another name.
          preserveEntrySignatures: 'strict',
          output: {entryFileNames: '[name].js'},
        },
      },
    }),
  );
}
