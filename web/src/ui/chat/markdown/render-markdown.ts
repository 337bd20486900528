import {html, nothing, type TemplateResult} from 'lit';
import type {MarkedToken, Token, Tokens} from 'marked';
import {isOneOf} from './lex-markdown.ts';

export type Rendered = TemplateResult | string | typeof nothing | readonly Rendered[];

/**
 * Tokens of Markdown as a Lit template. No string of HTML is ever made, so an
 * answer cannot bring elements of its own: HTML in it is shown as text, a picture
 * as its description, and a link only when it leads to the web or to an address
 * for mail.
 */
export function renderTokens(tokens: readonly Token[]): Rendered {
  return tokens.map((token) => {
    if (isOneOf(token, [...BLOCKS, ...SILENT])) return renderBlock(token);
    return isOneOf(token, INLINE) ? renderInline(token) : token.raw;
  });
}

type Of<Type extends MarkedToken['type']> = Extract<MarkedToken, {type: Type}>;

const BLOCKS = ['paragraph', 'heading', 'blockquote', 'hr', 'code', 'list', 'table'] as const;
const SILENT = ['space', 'def'] as const;
const INLINE = [
  'strong',
  'em',
  'del',
  'codespan',
  'br',
  'link',
  'escape',
  'image',
  'text',
] as const;

function renderBlock(token: Of<(typeof BLOCKS | typeof SILENT)[number]>): Rendered {
  switch (token.type) {
    case 'space':
    case 'def':
      return nothing;
    case 'paragraph':
      return html`<p>${renderTokens(token.tokens)}</p>`;
    case 'heading':
      return html`<p class="heading">${renderTokens(token.tokens)}</p>`;
    case 'blockquote':
      return html`<blockquote>${renderTokens(token.tokens)}</blockquote>`;
    case 'hr':
      return html`<hr />`;
    case 'code':
      // Code may be wider than a phone: what scrolls must be reachable with the keyboard.
      return html`<pre tabindex="0"><code>${token.text}</code></pre>`;
    case 'list':
      return renderList(token);
    case 'table':
      return renderTable(token);
  }
}

function renderInline(token: Of<(typeof INLINE)[number]>): Rendered {
  switch (token.type) {
    case 'strong':
      return html`<strong>${renderTokens(token.tokens)}</strong>`;
    case 'em':
      return html`<em>${renderTokens(token.tokens)}</em>`;
    case 'del':
      return html`<del>${renderTokens(token.tokens)}</del>`;
    case 'codespan':
      return html`<code>${token.text}</code>`;
    case 'br':
      return html`<br />`;
    case 'link':
      return renderLink(token);
    case 'escape':
    case 'image':
      return token.text;
    case 'text':
      return 'tokens' in token && token.tokens ? renderTokens(token.tokens) : token.text;
  }
}

function renderList({ordered, start, items}: Tokens.List): Rendered {
  const entries = items.map(({tokens}) => html`<li>${renderTokens(tokens)}</li>`);
  if (!ordered)
    return html`<ul>
      ${entries}
    </ul>`;
  return html`<ol start=${start === '' ? 1 : start}>
    ${entries}
  </ol>`;
}

function renderLink({href, tokens}: Tokens.Link): Rendered {
  if (!/^(?:https?:\/\/|mailto:)/iu.test(href)) return renderTokens(tokens);
  return html`<a href=${href} target="_blank" rel="noopener noreferrer"
    >${renderTokens(tokens)}</a
  >`;
}

function renderTable({header, rows}: Tokens.Table): Rendered {
  const titles = header.map(({tokens}) => html`<th scope="col">${renderTokens(tokens)}</th>`);
  const body = rows.map(
    (row) =>
      html`<tr>
        ${row.map(renderCell)}
      </tr>`,
  );
  return html`<table>
    <thead>
      <tr>
        ${titles}
      </tr>
    </thead>
    <tbody>
      ${body}
    </tbody>
  </table>`;
}

function renderCell({tokens}: Tokens.TableCell): TemplateResult {
  return html`<td>${renderTokens(tokens)}</td>`;
}
