import {html, nothing, type TemplateResult} from 'lit';
import {Lexer, type MarkedToken, type Token, type Tokens} from 'marked';

type Rendered = TemplateResult | string | typeof nothing | readonly Rendered[];

/**
 * Markdown as a Lit template. No string of HTML is ever made, so an answer cannot bring
 * elements of its own: HTML in it is shown as text, a picture as its description, and a
 * link only when it leads to the web.
 */
export function renderMarkdown(text: string): Rendered {
  // Models end a line where they mean to.
  return renderAll(Lexer.lex(text, {gfm: true, breaks: true}));
}

function renderAll(tokens: readonly Token[]): Rendered {
  return tokens.map((token) => {
    if (isBlock(token)) return renderBlock(token);
    return isInline(token) ? renderInline(token) : token.raw;
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

function isBlock(token: Token): token is Of<(typeof BLOCKS | typeof SILENT)[number]> {
  return [...BLOCKS, ...SILENT].some((type) => type === token.type);
}

function isInline(token: Token): token is Of<(typeof INLINE)[number]> {
  return INLINE.some((type) => type === token.type);
}

function renderBlock(token: Of<(typeof BLOCKS | typeof SILENT)[number]>): Rendered {
  switch (token.type) {
    case 'space':
    case 'def':
      return nothing;
    case 'paragraph':
      return html`<p>${renderAll(token.tokens)}</p>`;
    case 'heading':
      return html`<p class="heading">${renderAll(token.tokens)}</p>`;
    case 'blockquote':
      return html`<blockquote>${renderAll(token.tokens)}</blockquote>`;
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
      return html`<strong>${renderAll(token.tokens)}</strong>`;
    case 'em':
      return html`<em>${renderAll(token.tokens)}</em>`;
    case 'del':
      return html`<del>${renderAll(token.tokens)}</del>`;
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
      return 'tokens' in token && token.tokens ? renderAll(token.tokens) : token.text;
  }
}

function renderList({ordered, start, items}: Tokens.List): Rendered {
  const entries = items.map(({tokens}) => html`<li>${renderAll(tokens)}</li>`);
  if (!ordered)
    return html`<ul>
      ${entries}
    </ul>`;
  return html`<ol start=${start === '' ? 1 : start}>
    ${entries}
  </ol>`;
}

function renderLink({href, tokens}: Tokens.Link): Rendered {
  if (!/^https?:\/\//iu.test(href)) return renderAll(tokens);
  return html`<a href=${href} target="_blank" rel="noopener noreferrer">${renderAll(tokens)}</a>`;
}

function renderTable({header, rows}: Tokens.Table): Rendered {
  const titles = header.map(({tokens}) => html`<th scope="col">${renderAll(tokens)}</th>`);
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
  return html`<td>${renderAll(tokens)}</td>`;
}
