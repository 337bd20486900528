import {consume} from '@lit/context';
import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import type {LendRequest, LendService, LendState} from '../../chat/lend-service.ts';
import {lendContext} from '../contexts.ts';

const STEPS = {weights: 'Downloading', graph: 'Building', 'warm-up': 'Testing'} as const;

/** One button: lend this tab. Then what it does, and how to stop. */
@customElement('weft-lend-panel')
export class LendPanel extends LitElement {
  @consume({context: lendContext})
  lendService: LendService | undefined;

  @property({attribute: false})
  request: LendRequest | undefined;

  @state()
  private view: LendState = {kind: 'idle'};

  #unsubscribe: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unsubscribe = this.lendService?.subscribe((view) => {
      this.view = view;
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
  }

  override render(): TemplateResult {
    const {view} = this;
    const stopped = view.kind === 'idle' || view.kind === 'failed';
    return html`
      <h2>Lend this tab</h2>
      <p class="quiet">
        Your browser downloads a few layers of the model and runs them for others, until you stop or
        close the tab. Who asks sends activations through your tab: do not lend or ask in a public
        swarm what must stay private.
      </p>
      <p role="status">${describe(view)}</p>
      ${
        view.kind === 'loading'
          ? html`<progress
              max=${Math.max(1, view.total)}
              .value=${view.done}
              aria-label=${STEPS[view.step]}
            ></progress>`
          : nothing
      }
      ${
        stopped
          ? html`<button @click=${this.#onLend}>Lend this tab</button>`
          : html`<button class="stop" @click=${this.#onStop}>Stop</button>`
      }
    `;
  }

  #onLend(): void {
    if (this.request !== undefined) void this.lendService?.lend(this.request);
  }

  #onStop(): void {
    void this.lendService?.stop();
  }

  static override readonly styles = css`
    h2 {
      margin: 0;
      font-size: 1rem;
    }
    .quiet {
      color: var(--weft-quiet);
      font-size: 0.875rem;
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
    button.stop {
      background: transparent;
      color: var(--weft-accent);
    }
    progress {
      width: 100%;
      accent-color: var(--weft-accent);
    }
  `;
}

function describe(view: LendState): string {
  switch (view.kind) {
    case 'idle':
      return 'Nothing is lent.';
    case 'joining':
      return 'Joining the swarm…';
    case 'waiting':
    case 'spare':
      return `In the swarm, without layers: ${view.why}.`;
    case 'claiming':
      return `Wants layers ${rangeOf(view.layers)}: ${view.why}.`;
    case 'loading':
      return `${STEPS[view.step]} layers ${rangeOf(view.layers)}: ${amount(view)}.`;
    case 'serving':
      return `Serves layers ${rangeOf(view.layers)} (${view.why}): ${view.servedTokens} tokens so far, ${view.decodeMsPerLayer.toFixed(1)} ms per layer.`;
    case 'failed':
      return view.message;
  }
}

function rangeOf({
  startLayer,
  endLayer,
}: {
  readonly startLayer: number;
  readonly endLayer: number;
}): string {
  return `${startLayer}–${endLayer}`;
}

function amount({step, done, total}: Extract<LendState, {kind: 'loading'}>): string {
  if (step !== 'weights') return `${done} of ${total}`;
  return `${(done / 1e6).toFixed(0)} of ${(total / 1e6).toFixed(0)} MB`;
}
