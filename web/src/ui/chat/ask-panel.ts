import {consume} from '@lit/context';
import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement} from 'lit/decorators.js';
import type {AskRequest, ChatService} from '../../chat/chat-service.ts';
import {chatContext} from '../contexts.ts';
import {AnswerController, type AnswerProgress} from '../controllers/answer-controller.ts';

const DEFAULTS: Omit<AskRequest, 'prompt'> = {
  maxNewTokens: 256,
  temperature: 0,
  topK: 0,
  topP: 1,
  seed: 0,
  topLogprobs: 0,
};

/** One text box, the answer as it streams, and the chain that served it. */
@customElement('weft-ask-panel')
export class AskPanel extends LitElement {
  @consume({context: chatContext})
  chat: ChatService | undefined;

  readonly #answer = new AnswerController(this);

  override render(): TemplateResult {
    const running = this.#answer.view.kind === 'running';
    return html`
      <form @submit=${this.#onSubmit}>
        <label for="prompt">Ask</label>
        <textarea
          id="prompt"
          name="prompt"
          rows="3"
          required
          placeholder="What would you like to know?"
          @keydown=${this.#onKeydown}
        ></textarea>
        <div class="actions">
          <button type="submit" ?disabled=${running}>Ask</button>
          ${running ? html`<button type="button" @click=${this.#onStop}>Stop</button>` : nothing}
        </div>
      </form>
      <div role="log" aria-live="polite" aria-label="Answer">${this.#renderAnswer()}</div>
    `;
  }

  #renderAnswer(): TemplateResult | typeof nothing {
    const {view} = this.#answer;
    if (view.kind === 'idle') return nothing;
    const {progress} = view;
    return html`
      ${progress.missing.length > 0 && view.kind === 'running' ? renderMissing(progress) : nothing}
      <p class="answer">${progress.text}</p>
      ${view.kind === 'failed' ? html`<p class="alarm" role="alert">${view.message}</p>` : nothing}
      ${progress.hops.length > 0 ? renderChain(progress) : nothing}
    `;
  }

  #onSubmit(event: SubmitEvent): void {
    event.preventDefault();
    const {chat} = this;
    if (chat === undefined || !(event.target instanceof HTMLFormElement)) return;
    const content = new FormData(event.target).get('prompt');
    if (typeof content !== 'string' || content.trim() === '') return;
    const prompt = {kind: 'messages', messages: [{role: 'user', content}]} as const;
    void this.#answer.start(chat, {...DEFAULTS, prompt});
  }

  #onKeydown(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (event.target instanceof HTMLTextAreaElement) event.target.form?.requestSubmit();
  }

  #onStop(): void {
    this.#answer.stop();
  }

  static override readonly styles = css`
    form {
      display: grid;
      gap: 0.5rem;
    }
    label {
      font-weight: 600;
    }
    textarea {
      font: inherit;
      padding: 0.6rem;
      border: 1px solid var(--weft-line);
      border-radius: 0.4rem;
      background: var(--weft-paper);
      color: inherit;
      resize: vertical;
    }
    .actions {
      display: flex;
      gap: 0.5rem;
    }
    button {
      font: inherit;
      padding: 0.4rem 1.1rem;
      border-radius: 0.4rem;
      border: 1px solid var(--weft-accent);
      background: var(--weft-accent);
      color: var(--weft-paper);
      cursor: pointer;
    }
    button[type='button'] {
      background: transparent;
      color: var(--weft-accent);
    }
    button:disabled {
      opacity: 0.5;
      cursor: default;
    }
    .answer {
      white-space: pre-wrap;
    }
    .chain,
    .missing {
      color: var(--weft-quiet);
      font-size: 0.875rem;
    }
    .alarm {
      color: var(--weft-alarm);
    }
  `;
}

function renderMissing({missing}: AnswerProgress): TemplateResult {
  const ranges = missing.map(({startLayer, endLayer}) => `${startLayer}–${endLayer}`).join(', ');
  return html`<p class="missing">
    Nobody serves layers ${ranges} of this model. The answer begins when a tab that holds them
    joins: lend this tab, or open the page in another one.
  </p>`;
}

function renderChain({
  hops,
  tokenCount,
  firstTokenAtMs,
  lastTokenAtMs,
}: AnswerProgress): TemplateResult {
  const chain = hops
    .map((hop) => `${hop.node.slice(-6)} ${hop.startLayer}–${hop.endLayer}`)
    .join(' → ');
  const elapsedMs = (lastTokenAtMs ?? 0) - (firstTokenAtMs ?? 0);
  const speed = tokenCount > 1 ? `, ${(elapsedMs / (tokenCount - 1)).toFixed(0)} ms per token` : '';
  return html`<p class="chain">Layers ${chain}${speed}</p>`;
}
