import {provide} from '@lit/context';
import {css, html, LitElement, svg, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {ChatService} from '../ports/chat-service.ts';
import './chat/ask-panel.ts';
import type {NetworkService} from '../ports/network-service.ts';
import type {SwarmService} from '../ports/swarm-service.ts';
import {chatContext} from './parts/contexts.ts';
import './lend/lend-panel.ts';
import {controlStyles} from './parts/control-styles.ts';
import {
  isStopped,
  LendController,
  type LendServices,
  type LendView,
} from './controllers/lend-controller.ts';
import {NetworkController} from './controllers/network-controller.ts';
import {SwarmController} from './controllers/swarm-controller.ts';
import {formatByteRange} from './format/format-bytes.ts';
import './swarm/swarm-now.ts';
import {ChoiceEvent, LendWantedEvent, StopWantedEvent} from './parts/page-events.ts';

/** The page. Services are set by the composition root before the element is shown. */
@customElement('weft-app')
export class AppShell extends LitElement {
  @provide({context: chatContext})
  @property({attribute: false})
  chat: ChatService | undefined;

  @property({attribute: false})
  lendServices: LendServices | undefined;

  @property({attribute: false})
  network: NetworkService | undefined;

  @property({attribute: false})
  swarm: SwarmService | undefined;

  readonly #lend = new LendController(this, () => this.lendServices);
  readonly #network = new NetworkController(this, () => this.network);
  readonly #swarm = new SwarmController(this, () => this.swarm);
  readonly #isOnline = (): boolean => this.network?.isOnline() ?? true;

  constructor() {
    super();
    this.addEventListener(LendWantedEvent.type, () => void this.#lend.lend());
    this.addEventListener(StopWantedEvent.type, () => void this.#lend.stop());
    this.addEventListener(ChoiceEvent.type, ({choice}) => {
      this.#lend.choose(choice);
    });
  }

  override render(): TemplateResult {
    const {view} = this.#lend;
    return html`
      <header>
        <h1>Weft</h1>
        <p>
          One language model, woven through many browser tabs. The layers are the warp, your
          question is the weft.
        </p>
        ${SELVEDGE}
        <weft-swarm-now
          .swarm=${this.#swarm.view}
          .layerCount=${view.model?.layerCount ?? 0}
        ></weft-swarm-now>
      </header>
      <main>
        <section aria-label="Ask">
          <weft-ask-panel
            .model=${view.model}
            .modelFailure=${view.modelFailure}
            .lendLabel=${lendLabelOf(view)}
            .network=${this.#network.state}
            .isOnline=${this.#isOnline}
          ></weft-ask-panel>
        </section>
        <section aria-label="Lend this tab">
          <weft-lend-panel
            .view=${view}
            .network=${this.#network.state}
            .keptWeights=${this.lendServices?.keptWeights ?? null}
          ></weft-lend-panel>
        </section>
      </main>
    `;
  }

  static override readonly styles = [
    controlStyles,
    css`
      :host {
        max-width: 74rem;
        margin: 0 auto;
        padding: clamp(1rem, 4vw, 2.5rem) clamp(0.75rem, 4vw, 2rem) 3rem;
      }
      header {
        display: grid;
        gap: 0.2rem;
        margin-block-end: 1.75rem;
      }
      h1 {
        margin: 0;
        font: 600 clamp(2.2rem, 6vw, 3rem)/1.05 var(--weft-serif);
        letter-spacing: -0.01em;
      }
      header p {
        max-width: 54rem;
        text-wrap: pretty;
        color: var(--weft-quiet);
        font: italic 1.1rem/1.5 var(--weft-serif);
      }
      .selvedge {
        display: block;
        width: 100%;
        height: 1.5rem;
        margin-block-start: 0.9rem;
      }
      .warp {
        stroke: var(--weft-line);
        stroke-width: 2;
      }
      .weft {
        stroke: var(--weft-madder);
        stroke-width: 2;
      }
      .woven {
        mask-image: linear-gradient(to right, #000 35%, transparent 85%);
      }
      main {
        display: grid;
        gap: 1.25rem;
        align-items: start;
      }
      section {
        min-width: 0;
        padding: clamp(1rem, 3vw, 1.6rem);
        border: 1px solid var(--weft-line);
        border-radius: calc(2 * var(--weft-radius));
        background: var(--weft-panel);
      }
      @media (min-width: 60rem) {
        main {
          grid-template-columns: minmax(0, 1fr) 23rem;
        }
        section + section {
          position: sticky;
          inset-block-start: 1.25rem;
        }
      }
    `,
  ];
}

/** A band of plain weave that is not finished: warp all along, weft that ends. */
const SELVEDGE = html`
  <svg class="selvedge" aria-hidden="true">
    <defs>
      <pattern id="weft" width="16" height="16" patternUnits="userSpaceOnUse">
        ${svg`<path class="weft" d="M0 4H10 M14 4H16 M0 12H2 M6 12H16" />`}
      </pattern>
      <pattern id="warp" width="16" height="16" patternUnits="userSpaceOnUse">
        ${svg`<path class="warp" d="M4 0V16 M12 0V16" />`}
      </pattern>
    </defs>
    <rect width="100%" height="24" fill="url(#warp)" />
    <rect class="woven" width="100%" height="24" fill="url(#weft)" />
  </svg>
`;

/** What the offer to lend says beside an answer that waits; `null` while something is lent. */
function lendLabelOf({state, choice, isLeaving}: LendView): string | null {
  if (isLeaving || !isStopped(state)) return null;
  if (choice === null) return 'Lend this tab';
  const download = formatByteRange(choice.minDownloadBytes, choice.maxDownloadBytes);
  return `Lend this tab (${download})`;
}
