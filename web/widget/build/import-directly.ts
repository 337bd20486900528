import type {Plugin} from 'vite';

const PRELOAD_HELPER = /^\0vite\/preload-helper\.js$/u;

/**
 * Imports without Vite's help, which would put links for each file into the head of the page that
 * embeds the widget.
 */
export function importDirectly(): Plugin {
  return {
    name: 'import-directly',
    enforce: 'pre',
    load: {
      filter: {id: PRELOAD_HELPER},
      handler: () => 'export const __vitePreload = (load) => load();',
    },
  };
}
