import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import {explainCode} from '../../chat/explain-failure.ts';
import {isStopped, type LendView} from '../controllers/lend-controller.ts';
import {controlStyles} from '../control-styles.ts';
import {LendWantedEvent, StopWantedEvent} from '../page-events.ts';
import './lend-figures.ts';
import './lend-offer.ts';
import './lend-steps.ts';

/** Lend this tab: what it takes, one button, then what the tab does. */
@customElement('weft-lend-panel')
export class LendPanel extends LitElement {
  @property({attribute: false})
  view: LendView | undefined;

  override render(): TemplateResult | typeof nothing {
    const {view} = this;
    if (view === undefined) return nothing;
    const isIdle = isStopped(view.state);
    return html`
      <h2>Lend this tab</h2>
      ${view.state.kind === 'failed' ? renderFailure(view.state) : nothing}
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
    `;
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

function renderFailure({
  code,
  message,
}: {
  readonly code: string;
  readonly message: string;
}): TemplateResult {
  const {sentence, nextStep} = explainCode(code, message);
  return html`
    <div class="alarm" role="alert">
      <p>${sentence}</p>
      ${nextStep === 'reload' ? html`<p><a href="">Reload the page</a></p>` : nothing}
    </div>
  `;
}

/** Whether the tab has said goodbye and waits for the answers of others. */
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
