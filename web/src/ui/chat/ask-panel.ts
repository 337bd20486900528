import {consume} from '@lit/context';
import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property, query, state} from 'lit/decorators.js';
import {repeat} from 'lit/directives/repeat.js';
import type {ChatService} from '../../ports/chat-service.ts';
import type {Failure} from '../../ports/explain-failure.ts';
import type {ModelCard} from '../../ports/model-card.ts';
import type {NetworkState} from '../../ports/network-service.ts';
import {chatContext} from '../parts/contexts.ts';
import {ConversationController} from '../controllers/conversation-controller.ts';
import {controlStyles} from '../parts/control-styles.ts';
import {renderFailure} from '../parts/render-failure.ts';
import './conversation-turn.ts';
import {splitSentences} from './split-sentences.ts';

const EXAMPLES = [
  'What is the capital of France?',
  'How does weaving work? Two sentences.',
  'Why is the sky blue?',
];
/** A reader whose view ends this near to the end of the page follows the answer. */
const FOLLOW_WITHIN_PX = 120;

/** The conversation, and the box to go on with it. */
@customElement('weft-ask-panel')
export class AskPanel extends LitElement {
  @consume({context: chatContext})
  chat: ChatService | undefined;

  @property({attribute: false})
  model: ModelCard | null = null;

  /** Why the model is not known. */
  @property({attribute: false})
  modelFailure: Failure | null = null;

  @property({attribute: false})
  lendLabel: string | null = null;

  @property({attribute: false})
  network: NetworkState = 'fine';

  /** What the browser says at this moment. */
  @property({attribute: false})
  isOnline: () => boolean = () => true;

  @query('textarea')
  private readonly box: HTMLTextAreaElement | null | undefined;

  @query('.end')
  private readonly end: HTMLElement | null | undefined;

  /** Whether somebody has asked while an answer still runs. */
  @state()
  private hasAskedEarly = false;

  readonly #conversation = new ConversationController(this, {
    nowMs: () => performance.now(),
    isOnline: () => this.isOnline(),
  });
  #isFollowing = false;

  override render(): TemplateResult {
    const {turns} = this.#conversation;
    const cannotChat = this.model?.cannotChat ?? null;
    const head = html`
      <div class="head">
        <h2>Ask</h2>
        <p class="quiet">${this.model?.title}</p>
      </div>
    `;
    if (cannotChat !== null) {
      return html`
        ${head}
        <p role="status">${cannotChat}.</p>
      `;
    }
    return html`
      ${head} ${turns.length === 0 ? this.#renderWelcome() : this.#renderTurns()}
      ${this.#renderNext()} ${this.#renderForm()} ${this.#renderAnnouncements()}
    `;
  }

  #renderForm(): TemplateResult {
    const {turns, isRunning} = this.#conversation;
    const isTooEarly = isRunning && this.hasAskedEarly;
    return html`
      <form @submit=${this.#onSubmit}>
        <label class="for-ears" for="question">Your question</label>
        <textarea
          id="question"
          name="question"
          rows="1"
          placeholder=${turns.length === 0 ? 'Ask anything' : 'Go on'}
          aria-describedby="how"
          @keydown=${this.#onKeydown}
        ></textarea>
        <button
          type=${isRunning ? 'button' : 'submit'}
          class=${isRunning ? 'plain' : ''}
          @click=${this.#onButton}
        >
          ${isRunning ? 'Stop' : 'Ask'}
        </button>
        <p class=${isTooEarly ? 'quiet' : 'for-ears'} role="status">
          ${isTooEarly ? 'One answer at a time: stop it, or wait for its end.' : nothing}
        </p>
        <p class="quiet end" id="how">Enter sends, Shift + Enter begins a new line.</p>
      </form>
    `;
  }

  protected override willUpdate(): void {
    const {end} = this;
    const endPx = end?.getBoundingClientRect().bottom ?? 0;
    this.#isFollowing =
      this.#conversation.isRunning && endPx - window.innerHeight < FOLLOW_WITHIN_PX;
  }

  protected override updated(): void {
    if (this.#isFollowing) this.end?.scrollIntoView({block: 'end'});
  }

  #renderWelcome(): TemplateResult {
    return html`
      ${this.modelFailure === null ? nothing : renderFailure(this.modelFailure)}
      <p class="quiet">
        Your question travels through the tabs that hold the model's layers. Whoever lends one of
        them could recover most of what you write: keep secrets out.
      </p>
      <ul class="examples" aria-label="Examples">
        ${EXAMPLES.map(
          (example) =>
            html`<li>
              <button type="button" class="plain small" @click=${() => this.#ask(example)}>
                ${example}
              </button>
            </li>`,
        )}
      </ul>
    `;
  }

  #renderTurns(): TemplateResult {
    const layerCount = this.model?.layerCount ?? 0;
    return html`
      <div role="group" aria-label="Conversation" class="turns">
        ${repeat(
          this.#conversation.turns,
          ({id}) => id,
          (turn) =>
            html`<weft-turn
              .turn=${turn}
              .layerCount=${layerCount}
              .lendLabel=${this.lendLabel}
              .network=${this.network}
            ></weft-turn>`,
        )}
      </div>
    `;
  }

  /** What can be done when an answer is over. */
  #renderNext(): TemplateResult | typeof nothing {
    const {turns, isRunning} = this.#conversation;
    if (turns.length === 0 || isRunning) return nothing;
    return html`
      <div class="next">
        <button type="button" class="plain small" @click=${this.#onAskAgain}>Ask again</button>
        <button type="button" class="plain small" @click=${this.#onStartOver}>
          New conversation
        </button>
      </div>
    `;
  }

  /** For screen readers: the newest answer, sentence by sentence, never token by token. */
  #renderAnnouncements(): TemplateResult {
    const answer = this.#conversation.turns.at(-1)?.answer;
    const isComplete = answer?.kind !== 'running';
    const sentences = splitSentences(answer?.progress.text ?? '', {isComplete});
    return html`
      <div
        class="for-ears"
        role="log"
        aria-live="polite"
        aria-relevant="additions"
        aria-label="Answer"
      >
        ${sentences.map((sentence) => html`<p>${sentence}</p>`)}
      </div>
    `;
  }

  #ask(question: string): void {
    const {chat} = this;
    if (chat === undefined || question.trim() === '') return;
    this.hasAskedEarly = false;
    void this.#conversation.ask(chat, question.trim());
    this.box?.focus();
  }

  #onSubmit(event: SubmitEvent): void {
    event.preventDefault();
    const {box} = this;
    if (box === null || box === undefined || this.#conversation.isRunning) return;
    const question = box.value;
    box.value = '';
    this.#ask(question);
  }

  /** One button for both, so that the focus stays where it is. */
  #onButton(event: Event): void {
    if (!this.#conversation.isRunning) return;
    // The button is one that sends again before the browser acts on this click.
    event.preventDefault();
    this.#conversation.stop();
  }

  #onKeydown(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (this.#conversation.isRunning) this.hasAskedEarly = true;
    else this.box?.form?.requestSubmit();
  }

  #onAskAgain(): void {
    if (this.chat !== undefined) void this.#conversation.askAgain(this.chat);
    this.box?.focus();
  }

  #onStartOver(): void {
    this.#conversation.startOver();
    this.box?.focus();
  }

  static override readonly styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 1rem;
      }
      .turns {
        display: grid;
        gap: 1.6rem;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        justify-content: space-between;
        gap: 0 1rem;
      }
      .examples {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      .examples button {
        min-height: 2.2rem;
        font-weight: 400;
        text-align: start;
      }
      .next {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
      }
      form {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 0.4rem 0.6rem;
        align-items: end;
      }
      textarea {
        font: inherit;
        line-height: 1.5;
        width: 100%;
        min-height: 2.75rem;
        max-height: 40vh;
        padding: 0.55rem 0.8rem;
        border: 1px solid var(--weft-edge);
        border-radius: var(--weft-radius);
        background: var(--weft-paper);
        color: inherit;
        resize: none;
        field-sizing: content;
      }
      textarea::placeholder {
        color: var(--weft-quiet);
        opacity: 1;
      }
      form button {
        min-width: 5.2rem;
      }
      form p {
        grid-column: 1 / -1;
      }
      /* Fingers find the button. */
      @media (pointer: coarse) {
        #how {
          visibility: hidden;
          height: 0;
        }
      }
    `,
  ];
}
