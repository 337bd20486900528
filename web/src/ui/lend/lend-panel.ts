import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {KeptWeightsService} from '../../ports/kept-weights-service.ts';
import type {NetworkState} from '../../ports/network-service.ts';
import {isStopped, type LendView} from '../controllers/lend-controller.ts';
import {controlStyles} from '../parts/control-styles.ts';
import {LendWantedEvent, StopWantedEvent} from '../parts/page-events.ts';
import {renderFailure} from '../parts/render-failure.ts';
import './kept-weights-list.ts';
import './lend-figures.ts';
import './lend-offer.ts';
import './lend-steps.ts';
import {networkSentence} from './network-sentence.ts';

/** Lend this tab: what it takes, one button, then what the tab does. */
@customElement('weft-lend-panel')
export class LendPanel extends LitElement {
  @property({attribute: false})
  view: LendView | undefined;

  @property({attribute: false})
  network: NetworkState = 'fine';

  @property({attribute: false})
  keptWeights: KeptWeightsService | null = null;

  override render(): TemplateResult | typeof nothing {
    const {view} = this;
    if (view === undefined) return nothing;
    const isIdle = isStopped(view.state);
    return html`
      <h2>Lend this tab</h2>
      ${view.failure === null ? nothing : renderFailure(view.failure)}
      ${
        isIdle
          ? html`<weft-lend-offer .view=${view}></weft-lend-offer>`
          : html`<weft-lend-steps .view=${view}></weft-lend-steps>`
      }
      ${
        view.state.kind === 'serving' && !view.isLeaving
          ? html`<weft-lend-figures
              .state=${view.state}
              .neighbourCount=${view.neighbourCount}
            ></weft-lend-figures>`
          : nothing
      }
      ${isIdle ? nothing : this.#renderTrouble()}
      <button
        type="button"
        class=${isIdle ? '' : 'plain'}
        aria-disabled=${view.isLeaving && !isFinishing(view)}
        aria-describedby=${isIdle ? 'leave' : 'stay'}
        @click=${this.#onButton}
      >
        ${labelOf(view)}
      </button>
      <p class="quiet" id=${isIdle ? 'leave' : 'stay'}>
        ${
          isIdle
            ? 'Nothing is downloaded or lent before you press the button. Stop whenever you like.'
            : 'Keep this tab in sight: browsers slow down tabs that are hidden.'
        }
      </p>
      ${this.#renderKept(view)}
    `;
  }

  #renderKept({state}: LendView): TemplateResult | typeof nothing {
    const {keptWeights} = this;
    if (keptWeights === null) return nothing;
    return html`<weft-kept-weights
      .service=${keptWeights}
      .phase=${state.kind}
    ></weft-kept-weights>`;
  }

  /** There while it says nothing too: a screen reader tells of changes only. */
  #renderTrouble(): TemplateResult {
    return html`<p role="status">
      ${this.#networkTrouble() ?? this.view?.restartNote ?? nothing}
    </p>`;
  }

  #networkTrouble(): string | null {
    const {state, neighbourCount} = this.view ?? {};
    const isServing = state?.kind === 'serving';
    const isCutOff = isServing && state.isCutOff && neighbourCount === 0;
    return networkSentence(this.network, {isServing, isCutOff});
  }

  /** One button for both, and never `disabled`, so that the focus stays where it is. */
  #onButton(): void {
    const isIdle = this.view === undefined || isStopped(this.view.state);
    this.dispatchEvent(isIdle ? new LendWantedEvent() : new StopWantedEvent());
  }

  static override readonly styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 1rem;
        align-content: start;
      }
    `,
  ];
}

/** Whether the tab has announced that it leaves and waits for the answers of others. */
function isFinishing({state}: LendView): boolean {
  return state.kind === 'leaving' && state.openSessions > 0;
}

function labelOf(view: LendView): string {
  const {state, isLeaving} = view;
  if (isFinishing(view)) return 'Leave now';
  if (isLeaving) return 'Leaving…';
  if (state.kind === 'failed') return 'Try again';
  return state.kind === 'idle' ? 'Lend this tab' : 'Stop';
}
