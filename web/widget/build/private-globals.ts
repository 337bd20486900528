import type {Plugin} from 'vite';

/** Libraries that write into the global object when they are loaded. */
const WRITERS = /node_modules\/(?:lit|lit-html|lit-element|@lit\/[a-z-]+|zod)\/.*\.js$/u;
const ID = 'virtual:private-globals';
const RESOLVED_ID = `\0${ID}`;

/** Reads what the page has, and keeps to itself what is written. */
const PRIVATE_GLOBALS = `
const own = Object.create(null);
export const privateGlobals = new Proxy(own, {
  get: (_, name) => (name in own ? own[name] : globalThis[name]),
});
export const privateSymbols = {metadata: Symbol.metadata ?? Symbol('metadata')};
export const defineOnce = (name, element) =>
  customElements.get(name) ?? customElements.define(name, element);
`;

/**
 * Gives Lit and Zod globals of their own: their lists of versions, registries and settings belong
 * to the page that embeds the widget, which may have a Lit and a Zod as well. Names of elements it
 * shares: one that is taken is that of another widget, or of Weft's own page.
 */
export function privateGlobals(): Plugin {
  return {
    name: 'private-globals',
    resolveId: (id) => (id === ID ? RESOLVED_ID : null),
    load: (id) => (id === RESOLVED_ID ? PRIVATE_GLOBALS : null),
    transform: {
      filter: {id: WRITERS},
      handler: (code) => withPrivateGlobals(code),
    },
  };
}

/** @returns `null` when the module has nothing to do with the global object. */
export function withPrivateGlobals(code: string): string | null {
  const changed = code
    .replaceAll(/\bglobalThis\b/gu, 'privateGlobals')
    .replaceAll(/(?<![.\w$])litPropertyMetadata\b/gu, 'privateGlobals.litPropertyMetadata')
    .replaceAll(/\bcustomElements\.define\(/gu, 'defineOnce(')
    .replaceAll(/\bSymbol\.metadata\b/gu, 'privateSymbols.metadata');
  if (changed === code) return null;
  return `import {defineOnce, privateGlobals, privateSymbols} from '${ID}';\n${changed}`;
}
