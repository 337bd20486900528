import {html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property, query, state} from 'lit/decorators.js';
import {repeat} from 'lit/directives/repeat.js';
import type {ChatMessage, ChatService} from '../../ports/chat-service.ts';
import {explainFailure, type Failure} from '../../ports/explain-failure.ts';
import type {NetworkState} from '../../ports/network-service.ts';
import {ConversationController} from '../controllers/conversation-controller.ts';
import {FollowController} from '../controllers/follow-controller.ts';
import {controlStyles} from '../parts/control-styles.ts';
import type {WayToHelp} from './answer-status.ts';
import {ConversationEvent} from './conversation-event.ts';
import {conversationStyles} from './conversation-styles.ts';
import {renderFailure} from '../parts/render-failure.ts';
import {SpokenSentences} from './spoken-sentences.ts';
import type {OwnStrings} from './strings/chat-strings.ts';
import {ENGLISH_CONVERSATION} from './strings/conversation-strings.ts';

/**
 * A conversation, and the box to go on with it; slot `empty` is shown before the first question.
 * With the attribute `contained` it scrolls in itself, otherwise with the page.
 *
 * @fires ConversationEvent
 */
@customElement('weft-conversation')
export class ConversationView extends LitElement {
  @property({attribute: false})
  chat: ChatService | undefined;

  @property({attribute: false})
  strings: OwnStrings = {};

  @property({attribute: false})
  suggestions: readonly string[] = [];

  @property({attribute: false})
  placeholder = '';

  @property({attribute: false})
  systemPrompt = '';

  /** On a page of another site: see `weft-turn`. */
  @property({attribute: false})
  isEmbedded = false;

  @property({attribute: false})
  layerCount = 0;

  @property({attribute: false})
  help: WayToHelp | null = null;

  @property({attribute: false})
  network: NetworkState = 'fine';

  /** What the browser says at this moment. */
  @property({attribute: false})
  isOnline: () => boolean = () => true;

  @query('textarea')
  private readonly box: HTMLTextAreaElement | null | undefined;

  @query('.end')
  private readonly end: HTMLElement | null | undefined;

  @query('.log')
  private readonly log: HTMLElement | null | undefined;

  /** Why questions and answers cannot be shown. */
  @state()
  private partFailure: Failure | null = null;

  /** An answer to the last thing that the reader did. */
  @state()
  private notice: 'tooEarly' | 'copied' | 'notCopied' | null = null;

  readonly #conversation = new ConversationController(this, {
    nowMs: () => performance.now(),
    isOnline: () => this.isOnline(),
    systemPrompt: () => this.systemPrompt,
    onChange: (change) => {
      this.dispatchEvent(new ConversationEvent(change));
    },
  });
  readonly #spoken = new SpokenSentences();

  constructor() {
    super();
    const view = {
      isGrowing: () => this.#conversation.isRunning,
      belowPx: () => this.#belowPx(),
      scrolledPx: () => (this.#isContained() ? (this.log?.scrollTop ?? 0) : scrollY),
      scrollToEnd: () => {
        this.#scrollToEnd();
      },
    };
    this.addController(new FollowController(view, (then) => requestAnimationFrame(then)));
  }

  /** All that was asked and answered. */
  get messages(): readonly ChatMessage[] {
    return this.#conversation.messages;
  }

  get isEmpty(): boolean {
    return this.#conversation.turns.length === 0;
  }

  /** Of the newest answer, as far as it has come. */
  get #newestText(): string {
    return this.#conversation.turns.at(-1)?.answer.progress.text ?? '';
  }

  /** Goes on with an earlier conversation, in place of this one. */
  restore(messages: readonly ChatMessage[]): void {
    if (messages.length > 0) void this.#loadTurns();
    this.#conversation.restore(messages);
  }

  startOver(): void {
    this.notice = null;
    this.#conversation.startOver();
  }

  /** Asks once the answer that runs is over. Resolves when its own is, with the text. */
  async ask(question: string): Promise<string> {
    const {chat} = this;
    if (chat === undefined || question.trim() === '') return '';
    this.notice = null;
    if (!(await this.#loadTurns())) {
      this.#putBack(question);
      return '';
    }
    return await this.#conversation.ask(chat, question.trim());
  }

  /**
   * Nobody needs them before the first question.
   *
   * @returns whether they are there.
   */
  async #loadTurns(): Promise<boolean> {
    try {
      await import('./conversation-turn.ts');
      this.partFailure = null;
    } catch (error) {
      const failure = explainFailure(error, {doing: 'asking', isOnline: this.isOnline()});
      this.partFailure = failure;
      this.dispatchEvent(new ConversationEvent({kind: 'failed', failure}));
    }
    return this.partFailure === null;
  }

  /** A question that nothing could show is not lost. */
  #putBack(question: string): void {
    const {box} = this;
    if (box && box.value === '') box.value = question;
  }

  /** Whoever begins to write will ask: by then the server may be gone. A widget loads nothing before it is asked. */
  #prepare(): void {
    if (this.isEmbedded) return;
    // What fails is explained when it is needed.
    void import('./conversation-turn.ts').catch(() => undefined);
    void this.chat?.prepare?.().catch(() => undefined);
  }

  override focus(): void {
    this.box?.focus();
  }

  #say(what: keyof typeof ENGLISH_CONVERSATION): string {
    return this.strings[what] ?? ENGLISH_CONVERSATION[what];
  }

  override render(): TemplateResult {
    return html`
      <div
        class="log"
        part="log"
        role="group"
        aria-label=${this.#say('conversation')}
        tabindex=${this.#isContained() ? 0 : nothing}
      >
        ${this.isEmpty ? this.#renderWelcome() : this.#renderTurns()}
        ${this.partFailure === null ? nothing : renderFailure(this.partFailure)}
        ${this.#renderNext()}
      </div>
      ${this.#renderBox()} ${this.#renderAnnouncements()}
    `;
  }

  #renderWelcome(): TemplateResult {
    return html`
      <slot name="empty"></slot>
      ${
        this.suggestions.length === 0
          ? nothing
          : html`<ul class="examples" aria-label=${this.#say('examples')}>
              ${this.suggestions.map(
                (example) =>
                  html`<li>
                    <button type="button" class="plain small" @click=${() => this.#ask(example)}>
                      ${example}
                    </button>
                  </li>`,
              )}
            </ul>`
      }
    `;
  }

  #renderTurns(): TemplateResult {
    return html`
      <div class="turns">
        ${repeat(
          this.#conversation.turns,
          ({id}) => id,
          (turn) =>
            html`<weft-turn
              exportparts="message, question, answer"
              .turn=${turn}
              .strings=${this.strings}
              .isEmbedded=${this.isEmbedded}
              .layerCount=${this.layerCount}
              .help=${this.help}
              .network=${this.network}
            ></weft-turn>`,
        )}
      </div>
    `;
  }

  /** What can be done when an answer is over. */
  #renderNext(): TemplateResult | typeof nothing {
    const {isRunning} = this.#conversation;
    if (this.isEmpty || isRunning) return nothing;
    return html`
      <div class="next">
        <button type="button" class="plain small" @click=${this.#onAskAgain}>
          ${this.#say('askAgain')}
        </button>
        <button type="button" class="plain small" @click=${this.#onCopy}>
          ${this.#say('copy')}
        </button>
        <button type="button" class="plain small" @click=${this.#onStartOver}>
          ${this.#say('startOver')}
        </button>
      </div>
    `;
  }

  /** No form, since a frame may not be allowed to submit one. */
  #renderBox(): TemplateResult {
    const {notice} = this;
    const {isRunning} = this.#conversation;
    const isShown = notice !== null && (isRunning || notice !== 'tooEarly');
    return html`
      <div class="ask">
        <label class="for-ears" for="question">${this.#say('question')}</label>
        <textarea
          part="input"
          id="question"
          name="question"
          rows="1"
          placeholder=${this.isEmpty ? this.placeholder || this.#say('askFirst') : this.#say('askNext')}
          aria-describedby="how"
          @focus=${this.#prepare}
          @keydown=${this.#onKeydown}
        ></textarea>
        <button
          part="send"
          type="button"
          class=${isRunning ? 'plain' : ''}
          @click=${this.#onButton}
        >
          ${isRunning ? this.#say('stop') : this.#say('ask')}
        </button>
        <p class=${isShown ? 'quiet' : 'for-ears'} role="status">
          ${isShown ? this.#say(notice) : nothing}
        </p>
        <p class="quiet end" id="how">${this.#say('keys')}</p>
      </div>
    `;
  }

  /** For screen readers: the newest answer, sentence by sentence, never token by token. */
  #renderAnnouncements(): TemplateResult {
    const isComplete = !this.#conversation.isRunning;
    const announcements = this.#spoken.update(this.#newestText, {isComplete});
    return html`
      <div
        class="for-ears"
        role="log"
        aria-live="polite"
        aria-relevant="additions"
        aria-label=${this.#say('answer')}
      >
        ${repeat(
          announcements,
          ({id}) => id,
          ({text}) => html`<p>${text}</p>`,
        )}
      </div>
    `;
  }

  /** By how much the conversation ends below what is seen of it. */
  #belowPx(): number {
    const {log} = this;
    if (!this.#isContained()) return (this.end?.getBoundingClientRect().bottom ?? 0) - innerHeight;
    return (log?.scrollHeight ?? 0) - (log?.scrollTop ?? 0) - (log?.clientHeight ?? 0);
  }

  #scrollToEnd(): void {
    const {log} = this;
    if (this.#isContained()) log?.scrollTo({top: log.scrollHeight});
    else this.end?.scrollIntoView({block: 'end'});
  }

  #isContained(): boolean {
    return this.hasAttribute('contained');
  }

  #ask(question: string): void {
    void this.ask(question);
    this.focus();
  }

  #send(): void {
    const {box} = this;
    if (box === null || box === undefined) return;
    const question = box.value;
    box.value = '';
    this.#ask(question);
  }

  /** One button for both, so that the focus stays where it is. */
  #onButton(): void {
    if (this.#conversation.isRunning) this.#conversation.stop();
    else this.#send();
  }

  #onKeydown(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (this.#conversation.isRunning) this.notice = 'tooEarly';
    else this.#send();
  }

  #onAskAgain(): void {
    this.notice = null;
    if (this.chat !== undefined) void this.#conversation.askAgain(this.chat);
    this.focus();
  }

  async #onCopy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#newestText);
      this.notice = 'copied';
    } catch {
      this.notice = 'notCopied'; // A frame, or a page over http, may not.
    }
  }

  #onStartOver(): void {
    this.startOver();
    this.dispatchEvent(new ConversationEvent({kind: 'forgotten'}));
    this.focus();
  }

  static override readonly styles = [controlStyles, conversationStyles];
}
