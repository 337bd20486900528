import {html, nothing, type PropertyValues, type TemplateResult} from 'lit';
import {property, query} from 'lit/decorators.js';
import type {ChatMessage} from '../../ports/chat-service.ts';
import {explainFailure, type Failure} from '../../ports/explain-failure.ts';
import type {ServedLayers} from '../../ports/swarm-service.ts';
import type {WidgetServices, WidgetTarget} from '../../ports/widget-services.ts';
import type {ConversationEvent} from '../chat/conversation-event.ts';
import type {ConversationView} from '../chat/conversation-view.ts';
import '../chat/conversation-view.ts';
import {NetworkController} from '../controllers/network-controller.ts';
import {SwarmController} from '../controllers/swarm-controller.ts';
import {controlStyles} from '../parts/control-styles.ts';
import {renderFailure} from '../parts/render-failure.ts';
import {ChosenStrings, registerStrings} from './chosen-strings.ts';
import {stateSentence, trustSentences} from './sentences.ts';
import {READ_OPEN_EVERY_MS, swarmStateOf, type SwarmState} from './swarm-state.ts';
import {widgetEvent, type WidgetEvents} from './widget-events.ts';
import {WidgetSettings} from './widget-settings.ts';
import type {OwnWidgetStrings} from './widget-strings.ts';
import {widgetStyles, widgetTokens} from './widget-styles.ts';

/** Most visitors of a page never open its chat. */
const READ_CLOSED_EVERY_MS = 30_000;
/** Of a property with an accessor of its own: Lit takes over what a page has set before the script came. */
const SET_EARLY = {attribute: false, noAccessor: true} as const;

/** A chat with a swarm, for any page: attributes, events and all else are in web/widget/README.md. */
export abstract class WeftChat extends WidgetSettings {
  @query('weft-conversation')
  private readonly conversation: ConversationView | null | undefined;

  @query('.launcher')
  private readonly launcher: HTMLElement | null | undefined;

  @query('.dock')
  private readonly dock: HTMLElement | null | undefined;

  readonly #swarm = new SwarmController<ServedLayers>(
    this,
    () => this.#services?.swarm,
    () => (this.#isShown() ? READ_OPEN_EVERY_MS : READ_CLOSED_EVERY_MS),
  );
  readonly #network = new NetworkController(this, () => this.#services?.network);
  readonly #strings = new ChosenStrings(this);
  #services: WidgetServices | null = null;
  /** Why there are no services. */
  #settingFailure: Failure | null = null;
  /** The target of the services; frameworks set attributes one by one, before and after they connect an element. */
  #openedFor = '';
  #lastState = '';
  /** What had the focus before the panel did. */
  #focusedBefore: Element | null = null;

  /** Makes all widgets of a language speak it; what is left out stays in English. */
  static registerStrings(lang: string, strings: OwnWidgetStrings): void {
    registerStrings(lang, strings);
  }

  protected abstract openServices(target: WidgetTarget): WidgetServices;

  /** A method, and when it is set whether the panel is open: both are what pages expect under this name. */
  @property(SET_EARLY)
  get open(): () => void {
    return this.#open;
  }

  set open(isOpen: boolean) {
    this.isOpen = isOpen;
  }

  readonly #open = (): void => {
    if (this.isOpen) return;
    this.#focusedBefore = this.#hasFocus() ? null : document.activeElement;
    this.isOpen = true;
    void this.#focusWhenShown(null);
  };

  close(): void {
    if (!this.isOpen) return;
    const hadFocus = this.#hasFocus();
    const before = this.#focusedBefore;
    this.#focusedBefore = null;
    this.isOpen = false;
    if (hadFocus) void this.#focusWhenShown(before);
  }

  /** @param before had the focus before the panel did. */
  async #focusWhenShown(before: Element | null): Promise<void> {
    await this.updateComplete;
    const isThere = before instanceof HTMLElement && before !== document.body;
    if (this.isOpen) this.conversation?.focus();
    else if (isThere && before.isConnected) before.focus();
    else this.launcher?.focus();
  }

  toggle(): void {
    if (this.isOpen) this.close();
    else this.#open();
  }

  /** Asks once the answer that runs is over. Resolves when its own is, with the text. */
  async ask(text: string): Promise<string> {
    await this.updateComplete;
    return (await this.conversation?.ask(text)) ?? '';
  }

  /** Forgets the conversation, on this device too. */
  clear(): void {
    this.conversation?.startOver();
    this.#kept()?.delete();
  }

  @property(SET_EARLY)
  get messages(): readonly ChatMessage[] {
    return this.conversation?.messages ?? [];
  }

  set messages(messages: readonly ChatMessage[]) {
    void this.#restore(messages);
  }

  async #restore(messages: readonly ChatMessage[]): Promise<void> {
    await this.updateComplete;
    this.conversation?.restore(messages);
  }

  override connectedCallback(): void {
    this.#openServices();
    super.connectedCallback();
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#services?.release();
    this.#services = null;
  }

  #openServices(): void {
    const target = this.#target();
    this.#services?.release();
    this.#services = null;
    this.#openedFor = JSON.stringify(target);
    try {
      this.#services = this.openServices(target);
      this.#settingFailure = null;
    } catch (error) {
      this.#settingFailure = this.#explain(error);
      this.#tellFailure(this.#settingFailure);
    }
  }

  #explain(error: unknown): Failure {
    return explainFailure(error, {doing: 'asking', isOnline: navigator.onLine});
  }

  #target(): WidgetTarget {
    const {server, model, fallback} = this;
    return {server, model, fallback};
  }

  protected override willUpdate(): void {
    const isOther = JSON.stringify(this.#target()) !== this.#openedFor;
    if (!this.isConnected || !isOther) return;
    this.#openServices();
    this.#swarm.readNow();
  }

  override render(): TemplateResult {
    const say = this.#strings;
    const isFloating = this.isFloating;
    const [vertical = 'bottom', horizontal = 'right'] = this.position.split('-');
    const dock = `dock ${vertical} ${horizontal} ${this.isOpen ? 'isOpen' : ''}`;
    return html`
      <section
        class="root ${isFloating ? 'floating' : ''}"
        lang=${say.lang}
        aria-label=${this.#heading()}
        @keydown=${this.#onKeydown}
      >
        ${
          isFloating
            ? html`<div class=${dock} popover="manual">
                ${this.#renderPanel()}
                <button
                  type="button"
                  part="button"
                  class="launcher"
                  aria-haspopup="dialog"
                  aria-expanded=${this.isOpen}
                  aria-label=${say.get('open')}
                  ?hidden=${this.isOpen}
                  @click=${this.#open}
                >
                  ${ICON}
                </button>
              </div>`
            : this.#renderPanel()
        }
      </section>
    `;
  }

  #renderPanel(): TemplateResult {
    const isFloating = this.isFloating;
    return html`
      <div
        class="panel"
        part="panel"
        role=${isFloating ? 'dialog' : nothing}
        aria-labelledby=${isFloating ? 'heading' : nothing}
        ?hidden=${isFloating && !this.isOpen}
      >
        <header>
          <h2 id="heading"><slot name="heading">${this.#heading()}</slot></h2>
          ${
            isFloating
              ? html`<button
                  type="button"
                  class="plain"
                  aria-label=${this.#strings.get('close')}
                  @click=${this.close}
                >
                  ✕
                </button>`
              : nothing
          }
        </header>
        <div class="state">${this.#renderState()}</div>
        <weft-conversation
          contained
          exportparts="log, message, question, answer, input, send"
          .chat=${this.#services?.chat}
          .strings=${this.#strings.all}
          .suggestions=${this.suggestionLines}
          .placeholder=${this.placeholder}
          .systemPrompt=${this.systemPrompt}
          .isEmbedded=${true}
          .layerCount=${this.#services?.layerCount() ?? 0}
          .network=${this.#network.state}
          .isOnline=${isOnline}
          @weft-conversation-change=${this.#onConversation}
        >
          <slot name="empty" slot="empty"><p>${this.#strings.get('welcome')}</p></slot>
        </weft-conversation>
        <div class="foot">
          ${this.#renderTrust()} ${this.#renderLend()}
          <slot name="footer"></slot>
        </div>
      </div>
    `;
  }

  /** What keeps an answer waiting, before anybody asks. */
  #renderState(): TemplateResult | typeof nothing {
    const failure = this.#settingFailure ?? this.#readFailure();
    if (failure !== null) return renderFailure(failure, {links: nothing});
    const services = this.#services;
    const swarm = this.#swarmState();
    return html`<p class="quiet" role="status">
      ${services === null || swarm === null ? nothing : stateSentence(swarm, services, this.#strings)}
    </p>`;
  }

  /** What the server says is wrong; that it does not answer is a state. */
  #readFailure(): Failure | null {
    if (this.#swarm.view !== 'unknown') return null;
    const failure = this.#explain(this.#swarm.failure);
    return failure.code === 'MODEL_UNKNOWN' ? failure : null;
  }

  #renderTrust(): TemplateResult | typeof nothing {
    const services = this.#services;
    return services === null
      ? nothing
      : html`<p class="quiet">${trustSentences(services, this.#strings)}</p>`;
  }

  #renderLend(): TemplateResult | typeof nothing {
    if (this.lend !== 'ask' || this.#services === null) return nothing;
    const {serverUrl} = this.#services;
    return html`<a href=${serverUrl} target="_blank" rel="noopener"
      >${this.#strings.get('lend')}</a
    >`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    this.#rise();
    if (changed.has('isOpen')) this.#tellOpen(changed.get('isOpen') === true);
    if (changed.has('keep') && this.keep) this.#goOn();
    const swarm = this.#swarmState();
    this.#tellState(swarm);
    this.toggleAttribute('unserved', this.#isUnserved(swarm));
  }

  /** Above everything else, wherever in the page the element is. */
  #rise(): void {
    const {dock} = this;
    if (dock && 'popover' in dock && !dock.matches(':popover-open')) dock.showPopover();
  }

  #tellOpen(wasOpen: boolean): void {
    if (this.isOpen === wasOpen) return;
    this.#tell(this.isOpen ? 'weft-open' : 'weft-close', null);
    this.#swarm.readNow();
  }

  /** With what this device has kept. */
  #goOn(): void {
    const {conversation} = this;
    if (conversation?.isEmpty === true) conversation.restore(this.#kept()?.read() ?? []);
  }

  #tellState(swarm: SwarmState | null): void {
    const state = JSON.stringify(swarm);
    if (swarm === null || state === this.#lastState) return;
    this.#lastState = state;
    this.#tell('weft-state', swarm);
  }

  #isUnserved(swarm: SwarmState | null): boolean {
    if (!this.hideWhenUnserved || this.#services?.fallbackHost !== null) return false;
    // What somebody reads is not taken away.
    return swarm?.state !== 'ready' && this.conversation?.isEmpty !== false;
  }

  #swarmState(): SwarmState | null {
    return swarmStateOf(this.#swarm.view, this.#services?.layerCount() ?? 0);
  }

  #tell<Type extends keyof WidgetEvents>(type: Type, detail: WidgetEvents[Type]): void {
    this.dispatchEvent(widgetEvent(type, detail));
  }

  #tellFailure({code, sentence}: Failure): void {
    this.#tell('weft-error', {code, message: sentence});
  }

  #onConversation({change}: ConversationEvent): void {
    switch (change.kind) {
      case 'asked':
        this.#tell('weft-message', {role: 'user', content: change.question});
        break;
      case 'text':
        this.#tell('weft-token', {text: change.text});
        break;
      case 'answered':
        this.#tell('weft-message', {role: 'assistant', content: change.text});
        if (this.keep) this.#kept()?.write(this.messages);
        break;
      case 'failed':
        this.#tellFailure(change.failure);
        break;
      case 'forgotten':
        this.#kept()?.delete();
    }
  }

  #onKeydown(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || event.isComposing || !this.isFloating || !this.isOpen) return;
    event.stopPropagation(); // It closes this, and not what the page has opened besides.
    this.close();
  }

  #kept() {
    return this.#services?.kept(this.#heading());
  }

  #heading(): string {
    return this.heading === '' ? this.#strings.get('heading') : this.heading;
  }

  /** In its shadow, or in what the page has put into its slots. */
  #hasFocus(): boolean {
    const inShadow = this.shadowRoot?.activeElement ?? null;
    return inShadow !== null || this.contains(document.activeElement);
  }

  #isShown(): boolean {
    return this.isOpen || !this.isFloating;
  }

  static override readonly styles = [widgetTokens, controlStyles, widgetStyles];
}

const isOnline = (): boolean => navigator.onLine;

const ICON = html`<svg viewBox="0 0 24 24" aria-hidden="true">
  <path d="M4 5h16v11H9l-5 4z" />
</svg>`;
