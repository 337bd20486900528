import type {Plugin} from 'vite';
import {buildModule} from './build-module.ts';
import {inBuiltSite} from '../../site/in-built-site.ts';
import {pinVersion} from './pin-version.ts';
import {pixelsForRem} from './pixels-for-rem.ts';
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
  const plugins = [
    pixelsForRem(),
    weighEntry({what: 'widget', mostBytes: MOST_BYTES, loads: 'define-chat'}),
    pinVersion({version}),
  ];
  // Those that know `light-dark()`: its replacement takes `color-scheme` from the same file.
  const cssTarget = ['chrome123', 'firefox120', 'safari17.5'];
  return inBuiltSite('build-widget', async (folder) =>
    buildModule(folder, {name: 'widget', entry, shared, plugins, cssTarget}),
  );
}
