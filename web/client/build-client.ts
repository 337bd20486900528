import type {Plugin} from 'vite';
import {buildModule} from '../widget/build/build-module.ts';
import {inBuiltSite} from '../site/in-built-site.ts';
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
  const plugins = [weighEntry({what: 'client', mostBytes: MOST_BYTES})];
  return inBuiltSite('build-client', async (folder) =>
    buildModule(folder, {name: 'client', entry, shared, plugins}),
  );
}
