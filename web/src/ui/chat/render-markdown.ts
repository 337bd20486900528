import {html, nothing, type TemplateResult} from 'lit';
import {Lexer, type Token, type Tokens} from 'marked';

type Rendered = TemplateResult | string | typeof nothing;
type Renderer = (token: Token) => Rendered;

/**
 * Markdown as a Lit template. No string of HTML is ever made, so an answer cannot bring
 * elements of its own: HTML in it is shown as text, a picture as its description, and a
 * link only when it leads to the web.
 */
export function renderMarkdown(text: string): readonly Rendered[] {
  return renderAll(Lexer.lex(text));
}

function renderAll(tokens: readonly Token[] | undefined): readonly Rendered[] {
  return (tokens ?? []).map((token) => RENDERERS[token.type]?.(token) ?? token.raw);
}

const inside = (token: Token): readonly Rendered[] =>
  'tokens' in token ? renderAll(token.tokens) : [];

const RENDERERS: Readonly<Record<string, Renderer>> = {
  space: () => nothing,
  def: () => nothing,
  paragraph: (token) => html`<p>${inside(token)}</p>`,
  heading: (token) => html`<p class="heading">${inside(token)}</p>`,
  blockquote: (token) => html`<blockquote>${inside(token)}</blockquote>`,
  hr: () => html`<hr />`,
  br: () => html`<br />`,
  strong: (token) => html`<strong>${inside(token)}</strong>`,
  em: (token) => html`<em>${inside(token)}</em>`,
  del: (token) => html`<del>${inside(token)}</del>`,
  // Code is wider than a phone: what scrolls must be reachable with the keyboard.
  code: (token) => html`<pre tabindex="0"><code>${(token as Tokens.Code).text}</code></pre>`,
  codespan: (token) => html`<code>${(token as Tokens.Codespan).text}</code>`,
  escape: (token) => (token as Tokens.Escape).text,
  image: (token) => (token as Tokens.Image).text,
  text: (token) => renderText(token as Tokens.Text),
  list: (token) => renderList(token as Tokens.List),
  link: (token) => renderLink(token as Tokens.Link),
  table: (token) => renderTable(token as Tokens.Table),
};

function renderText({tokens, text}: Tokens.Text): Rendered {
  return tokens === undefined ? text : html`${renderAll(tokens)}`;
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
  const isWeb = /^https?:\/\//iu.test(href);
  if (!isWeb) return html`${renderAll(tokens)}`;
  return html`<a href=${href} target="_blank" rel="noopener noreferrer">${renderAll(tokens)}</a>`;
}

function renderTable({header, rows}: Tokens.Table): Rendered {
  return html`
    <table>
      <thead>
        <tr>
          ${header.map(({tokens}) => html`<th scope="col">${renderAll(tokens)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map(({tokens}) => html`<td>${renderAll(tokens)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  `;
}
