import {expect, test} from 'vitest';
import {withPrivateGlobals} from './private-globals.ts';

test('[WB1] what a library writes into the global object it writes into one of its own', () => {
  const code =
    'const g = globalThis; (g.litHtmlVersions ??= []).push("1"); litPropertyMetadata.set(1);';
  expect(withPrivateGlobals(code)).toMatch(
    /^import \{.*privateGlobals.*\} from .*\nconst g = privateGlobals; .* privateGlobals\.litPropertyMetadata\.set\(1\);$/u,
  );
});

test('[WB1] a name of an element is taken once, and a symbol is not added to those of the page', () => {
  const code = 'Symbol.metadata ??= Symbol(); customElements.define(name, element);';
  const changed = withPrivateGlobals(code);
  expect(changed).toContain('privateSymbols.metadata ??= Symbol(); defineOnce(name, element);');
});

test('[WB1] a module that has nothing to do with it stays as it is', () => {
  expect(withPrivateGlobals('export const globals = 1;')).toBeNull();
});
