import {html, nothing, type TemplateResult} from 'lit';
import {Lexer, type MarkedToken, type Token, type Tokens} from 'marked';

type Rendered = TemplateResult | string | typeof nothing | readonly Rendered[];

/**
 * Markdown as a Lit template. No string of HTML is ever made, so an answer cannot bring
 * elements of its own: HTML in it is shown as text, a picture as its description, and a
 * link only when it leads to the web.
 */
export function renderMarkdown(text: string): Rendered {
  return renderAll(Lexer.lex(text));
}

function renderAll(tokens: readonly Token[]): Rendered {
  return tokens.map((token) => (isKnown(token) ? renderBlock(token) : token.raw));
}

/** Without extensions the lexer makes no other tokens. */
function isKnown(token: Token): token is MarkedToken {
  return token.type !== 'generic';
}

function renderBlock(token: MarkedToken): Rendered {
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
    default:
      return renderInline(token);
  }
}

function renderInline(token: MarkedToken): Rendered {
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
    default:
      return token.raw;
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
  return html`<table>
    <thead>
      <tr>
        ${titles}
      </tr>
    </thead>
    <tbody>
      ${rows.map(renderRow)}
    </tbody>
  </table>`;
}

function renderRow(row: readonly Tokens.TableCell[]): TemplateResult {
  return html`<tr>
    ${row.map(({tokens}) => html`<td>${renderAll(tokens)}</td>`)}
  </tr>`;
}
