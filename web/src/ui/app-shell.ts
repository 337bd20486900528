import {provide} from '@lit/context';
import {css, html, LitElement, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {ChatService} from '../chat/chat-service.ts';
import type {LendRequest, LendService} from '../chat/lend-service.ts';
import './chat/ask-panel.ts';
import {chatContext, lendContext} from './contexts.ts';
import './contribute/lend-panel.ts';

/** The page. Services are set by the composition root before the element is shown. */
@customElement('weft-app')
export class AppShell extends LitElement {
  @provide({context: chatContext})
  @property({attribute: false})
  chat: ChatService | undefined;

  @provide({context: lendContext})
  @property({attribute: false})
  lendService: LendService | undefined;

  @property({attribute: false})
  lendRequest: LendRequest | undefined;

  override render(): TemplateResult {
    return html`
      <main>
        <h1>Weft</h1>
        <p class="motto">The layers are the warp, your question is the weft.</p>
        <section><weft-ask-panel></weft-ask-panel></section>
        <section><weft-lend-panel .request=${this.lendRequest}></weft-lend-panel></section>
      </main>
    `;
  }

  static override readonly styles = css`
    main {
      max-width: 44rem;
      margin: 0 auto;
      padding: 2rem 1rem;
      display: grid;
      gap: 1rem;
    }
    h1 {
      margin: 0;
      font-size: 1.6rem;
      letter-spacing: 0.02em;
    }
    .motto {
      margin: 0;
      color: var(--weft-quiet);
    }
    section {
      background: var(--weft-panel);
      border: 1px solid var(--weft-line);
      border-radius: 0.6rem;
      padding: 1rem;
    }
  `;
}
