import type * as XGrammar from '@mlc-ai/web-xgrammar';

declare global {
  var xgrammar: typeof XGrammar | undefined;
}

/**
 * The grammar library, for a thread that has it alone. Its package calls one file a module that is written as a script
 * of a page: it asks where it is, and leaves what it exports in a global.
 */
export async function loadXGrammar(): Promise<typeof XGrammar> {
  const url = import.meta.resolve('@mlc-ai/web-xgrammar');
  Object.defineProperty(globalThis, 'location', {value: new URL(url), configurable: true});
  await import('@mlc-ai/web-xgrammar');
  const {xgrammar} = globalThis;
  if (xgrammar === undefined) throw new Error('The grammar library left nothing');
  // With its first grammar it starts, and asks for the last time.
  (await xgrammar.Grammar.builtinJSONGrammar()).dispose();
  // Other libraries take a thread that has one for a page.
  Reflect.deleteProperty(globalThis, 'location');
  return xgrammar;
}
