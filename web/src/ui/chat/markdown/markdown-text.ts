import {css, html, LitElement, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {AnswerMarkdown} from './answer-markdown.ts';

/** Loaded with the first answer: nobody needs it before. */
let loaded: typeof AnswerMarkdown | null = null;
let loading: Promise<void> | null = null;

/** Nothing came for so long that an answer may be complete. */
const PAUSE_MS = 100;

async function loadMarkdown(): Promise<void> {
  ({AnswerMarkdown: loaded} = await import('./answer-markdown.ts'));
}

/** The text of an answer: as it is while the renderer is on its way, then as Markdown. */
@customElement('weft-markdown')
export class MarkdownText extends LitElement {
  @property({attribute: false})
  text = '';

  #answer: AnswerMarkdown | null = null;
  #pause: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#renderWhenLoaded();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#pause);
  }

  async #renderWhenLoaded(): Promise<void> {
    loading ??= loadMarkdown();
    try {
      await loading;
      this.requestUpdate();
    } catch {
      loading = null; // The plain text stays; the next answer tries again.
    }
  }

  override render(): TemplateResult {
    if (loaded === null) return html`<p class="plain">${this.text}</p>`;
    this.#answer ??= new loaded();
    return html`${this.#answer.render(this.text)}`;
  }

  override updated(): void {
    clearTimeout(this.#pause);
    if (this.#answer?.isBehind !== true) return;
    this.#pause = setTimeout(() => {
      this.#answer?.catchUp();
      this.requestUpdate();
    }, PAUSE_MS);
  }

  static override readonly styles = css`
    :host {
      display: block;
      font: 1.08rem/1.6 var(--weft-serif);
      overflow-wrap: anywhere;
    }
    :host > :first-child,
    p:first-child {
      margin-block-start: 0;
    }
    p,
    ul,
    ol,
    pre,
    blockquote,
    table {
      margin: 0.7em 0;
    }
    p:last-child,
    ul:last-child,
    ol:last-child,
    pre:last-child {
      margin-block-end: 0;
    }
    .plain {
      white-space: pre-wrap;
    }
    .heading {
      font-weight: 700;
    }
    ul,
    ol {
      padding-inline-start: 1.5em;
    }
    li > p {
      margin: 0.2em 0;
    }
    pre {
      padding: 0.75rem;
      overflow-x: auto;
      border-radius: var(--weft-radius);
      background: var(--weft-paper);
      font-size: 0.875rem;
    }
    pre:focus-visible {
      outline: 3px solid var(--weft-indigo);
    }
    code {
      font-family: var(--weft-mono);
      font-size: 0.875em;
    }
    blockquote {
      margin-inline: 0;
      padding-inline-start: 1em;
      border-inline-start: 3px solid var(--weft-line);
      color: var(--weft-quiet);
    }
    table {
      border-collapse: collapse;
    }
    th,
    td {
      padding: 0.3em 0.7em;
      border: 1px solid var(--weft-line);
      text-align: start;
    }
    hr {
      border: 0;
      border-block-start: 1px solid var(--weft-line);
    }
    a {
      color: var(--weft-indigo);
    }
  `;
}
