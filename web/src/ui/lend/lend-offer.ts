import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {LendChoice, ModelCard} from '../../ports/model-card.ts';
import type {LendView} from '../controllers/lend-controller.ts';
import {controlStyles} from '../parts/control-styles.ts';
import {formatByteRange, formatMemory} from '../format/format-bytes.ts';
import '../swarm/layer-strip.ts';
import {ChoiceEvent} from '../parts/page-events.ts';
import {renderFailure} from '../parts/render-failure.ts';

/** Before the click: what lending takes, and how much of it. */
@customElement('weft-lend-offer')
export class LendOffer extends LitElement {
  @property({attribute: false})
  view: LendView | undefined;

  override render(): TemplateResult | typeof nothing {
    const {view} = this;
    if (view === undefined) return nothing;
    return html`
      <p>
        Your browser takes a few layers of the model and runs them for whoever asks, until you stop
        or close the tab.
      </p>
      ${
        view.model !== null && view.choice !== null
          ? this.#renderCost(view, view.model, view.choice)
          : renderReading(view)
      }
      <p class="quiet">
        You see no text, but you get numbers from which most of a prompt can be recovered. Whoever
        asks trusts you not to try.
      </p>
    `;
  }

  #renderCost(view: LendView, model: ModelCard, choice: LendChoice): TemplateResult {
    const layers = `${choice.layerCount} of ${model.layerCount} layers`;
    const memory = formatMemory(choice.memoryMiB);
    return html`
      ${
        view.isFixed
          ? nothing
          : html`
              <div class="cap">
                <label for="cap">Lend at most</label>
                <output for="cap">${memory}</output>
                <input
                  id="cap"
                  type="range"
                  min="0"
                  max=${model.choices.length - 1}
                  step="1"
                  .value=${String(model.choices.indexOf(choice))}
                  aria-valuetext=${`${memory} of memory, up to ${layers}`}
                  @input=${this.#onInput}
                />
              </div>
            `
      }
      <weft-layer-strip
        .layerCount=${model.layerCount}
        .parts=${[{startLayer: 0, endLayer: choice.layerCount, tone: 'madder'}]}
        .label=${`Up to ${layers}`}
      ></weft-layer-strip>
      <dl class="figure">
        <div>
          <dt>Model</dt>
          <dd>${model.title}</dd>
        </div>
        <div>
          <dt>Holds</dt>
          <dd>up to ${layers}</dd>
        </div>
        <div>
          <dt>Memory</dt>
          <dd>up to ${memory}</dd>
        </div>
        <div>
          <dt>Download</dt>
          <dd>${formatByteRange(choice.minDownloadBytes, choice.maxDownloadBytes)}</dd>
        </div>
      </dl>
    `;
  }

  #onInput(event: Event): void {
    if (!(event.target instanceof HTMLInputElement)) return;
    const choice = this.view?.model?.choices[event.target.valueAsNumber];
    if (choice !== undefined) this.dispatchEvent(new ChoiceEvent(choice));
  }

  static override readonly styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 1rem;
      }
      .cap {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 0.25rem;
        font-weight: 600;
      }
      input {
        grid-column: 1 / -1;
        width: 100%;
        height: 1.75rem;
        margin: 0;
        accent-color: var(--weft-madder);
      }
      dl {
        display: grid;
        gap: 0.25rem;
        margin: 0;
        font-size: 0.9375rem;
      }
      dl div {
        display: flex;
        justify-content: space-between;
        gap: 1rem;
      }
      dt {
        color: var(--weft-quiet);
      }
      dd {
        margin: 0;
        text-align: end;
      }
    `,
  ];
}

/** In place of the cost; a lending that failed for the same reason says it already. */
function renderReading({modelFailure, failure}: LendView): TemplateResult | typeof nothing {
  if (modelFailure === null) return html`<p class="quiet">Reading what the model needs…</p>`;
  return modelFailure.code === failure?.code ? nothing : renderFailure(modelFailure);
}
