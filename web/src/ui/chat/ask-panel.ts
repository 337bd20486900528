import {consume} from '@lit/context';
import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {ChatService} from '../../ports/chat-service.ts';
import type {Failure} from '../../ports/explain-failure.ts';
import type {ModelCard} from '../../ports/model-card.ts';
import type {NetworkState} from '../../ports/network-service.ts';
import {chatContext} from '../parts/contexts.ts';
import {controlStyles} from '../parts/control-styles.ts';
import {renderFailure} from '../parts/render-failure.ts';
import type {WayToHelp} from './answer-status.ts';
import './conversation-view.ts';

const EXAMPLES = [
  'What is the capital of France?',
  'How does weaving work? Two sentences.',
  'Why is the sky blue?',
];

/** The chat of the page: its model, and the conversation with it. */
@customElement('weft-ask-panel')
export class AskPanel extends LitElement {
  @consume({context: chatContext})
  chat: ChatService | undefined;

  @property({attribute: false})
  model: ModelCard | null = null;

  /** Why the model is not known. */
  @property({attribute: false})
  modelFailure: Failure | null = null;

  /** What the button to lend says; `null` where this tab lends already. */
  @property({attribute: false})
  lendLabel: string | null = null;

  @property({attribute: false})
  network: NetworkState = 'fine';

  /** What the browser says at this moment. */
  @property({attribute: false})
  isOnline: () => boolean = () => true;

  override render(): TemplateResult {
    const cannotChat = this.model?.cannotChat ?? null;
    return html`
      <div class="head">
        <h2>Ask</h2>
        <p class="quiet">${this.model?.title}</p>
      </div>
      ${
        cannotChat === null
          ? html`<weft-conversation
              .chat=${this.chat}
              .suggestions=${EXAMPLES}
              .layerCount=${this.model?.layerCount ?? 0}
              .help=${helpOf(this.lendLabel)}
              .network=${this.network}
              .isOnline=${this.isOnline}
            >
              <div slot="empty">${this.#renderWelcome()}</div>
            </weft-conversation>`
          : html`<p role="status">${cannotChat}.</p>`
      }
    `;
  }

  #renderWelcome(): TemplateResult {
    return html`
      ${this.modelFailure === null ? nothing : renderFailure(this.modelFailure)}
      <p class="quiet">
        Your question travels through the tabs that hold the model's layers. Whoever lends one of
        them could recover most of what you write: keep secrets out.
      </p>
    `;
  }

  static override readonly styles = [
    controlStyles,
    css`
      :host,
      [slot='empty'] {
        display: grid;
        gap: 1rem;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        justify-content: space-between;
        gap: 0 1rem;
      }
    `,
  ];
}

function helpOf(lendLabel: string | null): WayToHelp {
  const sentence =
    lendLabel === null
      ? 'This tab is lent already: open this page in another tab, or on another device.'
      : 'Lend this tab, or open this page in other tabs and on other devices.';
  return {sentence, label: lendLabel};
}
