import {expect, test} from 'vitest';
import {lexMarkdown} from './lex-markdown.ts';
import {renderTokens} from './render-markdown.ts';

type Parts = {readonly markup: string; readonly text: string};

const renderMarkdown = (text: string): unknown => renderTokens(lexMarkdown(text).tokens);

/** What Lit takes as markup, and what it sets as text or attribute. */
function partsOf(rendered: unknown): Parts {
  if (Array.isArray(rendered)) return join(rendered.map(partsOf));
  if (typeof rendered !== 'object' || rendered === null) {
    return {markup: '', text: typeof rendered === 'symbol' ? '' : String(rendered)};
  }
  if (!('strings' in rendered) || !('values' in rendered)) throw new Error('no template');
  const {text: markup} = partsOf(Array.from(Object.values(rendered.strings ?? {})));
  return join([{markup, text: ''}, partsOf(rendered.values)]);
}

function join(parts: readonly Parts[]): Parts {
  return {
    markup: parts.map(({markup}) => markup).join(''),
    text: parts.map(({text}) => text).join(''),
  };
}

test('[PG23] paragraphs, emphasis, lists, code and tables become elements', () => {
  const {markup, text} = partsOf(
    renderMarkdown(
      '**Bold** and *soft*\n\n1. one\n2. `two`\n\n| a |\n| - |\n| b |\n\n```\nx < y\n```',
    ),
  );
  for (const tag of ['<p>', '<strong>', '<em>', '<ol', '<li>', '<code>', '<table>', '<pre']) {
    expect(markup).toContain(tag);
  }
  expect(text).toContain('x < y');
});

test('[PG24] HTML in an answer is text, never markup', () => {
  const html = '<img src="https://elsewhere/x" onerror="alert(1)"> <script>alert(2)</script>';
  for (const answer of [html, `A sentence with ${html}`, `- ${html}`]) {
    const {markup, text} = partsOf(renderMarkdown(answer));
    expect(markup).not.toMatch(/img|script|elsewhere/u);
    expect(text).toContain('alert(1)');
  }
});

test('[PG25] a link leads to the web or nowhere, and a picture is its description', () => {
  const web = partsOf(renderMarkdown('[there](https://example.org/)'));
  expect(web.markup).toContain('<a href=');
  expect(web.text).toContain('https://example.org/');
  const script = partsOf(renderMarkdown('[there](javascript:alert(1))'));
  expect(script).toEqual({markup: '<p></p>', text: 'there'});
  const mail = partsOf(renderMarkdown('<me@example.org>'));
  expect(mail.text).toContain('mailto:me@example.org');
  for (const href of [
    'data:text/html,x',
    'vbscript:x',
    'file:///x',
    '//example.org',
    '/x',
    'java\nscript:x',
  ]) {
    expect(partsOf(renderMarkdown(`[there](<${href}>)`)).markup).not.toContain('href');
  }
  const picture = partsOf(renderMarkdown('![a loom](https://example.org/x.png)'));
  expect(picture).toEqual({markup: '<p></p>', text: 'a loom'});
});
