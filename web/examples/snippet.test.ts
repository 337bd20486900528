import {expect, test} from 'vitest';
import {attributesOf, snippetOf, type SnippetChoices} from './snippet.ts';

const PLAIN: SnippetChoices = {mode: 'floating', theme: 'auto', heading: ' ', suggestions: ''};
const siteUrl = 'https://weft.example/weft/';

test('[EX1] the snippet is two lines, and says only what is chosen', () => {
  expect(snippetOf(PLAIN, {siteUrl, pinned: null})).toBe(
    '<script type="module" src="https://weft.example/weft/widget.js"></script>\n<weft-chat></weft-chat>',
  );
  const choices: SnippetChoices = {mode: 'inline', theme: 'dark', heading: 'Ask', suggestions: 'a'};
  expect(snippetOf(choices, {siteUrl, pinned: null})).toContain(
    '<weft-chat mode="inline" theme="dark" heading="Ask" suggestions="a"></weft-chat>',
  );
});

test('[EX1] what is written into a field stays text in the page', () => {
  const choices = {...PLAIN, heading: '"><script>a&b</script>', suggestions: ' one\ntwo '};
  expect(attributesOf(choices)).toEqual({
    heading: '"><script>a&b</script>',
    suggestions: 'one\ntwo',
  });
  expect(snippetOf(choices, {siteUrl, pinned: null})).toContain(
    '<weft-chat heading="&quot;>&lt;script>a&amp;b&lt;/script>" suggestions="one\ntwo">',
  );
});

test('[EX2] the snippet of a version has the hash of the script, and of each that it loads', () => {
  const integrity = {
    'widget@1.2.3.js': 'sha384-entry',
    'assets/chat.js': 'sha384-chat',
    'assets/engine.wasm': 'sha384-engine',
  };
  const lines = snippetOf(PLAIN, {siteUrl, pinned: {version: '1.2.3', integrity}}).split('\n');
  const [first, ...others] = lines;
  expect(first).toBe('<script type="importmap">');
  const end = others.indexOf('</script>');
  expect(JSON.parse(others.slice(0, end).join('\n'))).toEqual({
    integrity: {'https://weft.example/weft/assets/chat.js': 'sha384-chat'},
  });
  expect(others.slice(end + 1)).toEqual([
    '<script type="module" src="https://weft.example/weft/widget@1.2.3.js" integrity="sha384-entry" crossorigin></script>',
    '<weft-chat></weft-chat>',
  ]);
});
