import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {AnswerProgress, AnswerStage} from '../controllers/answer-progress.ts';
import {controlStyles} from '../control-styles.ts';
import {formatLayerList} from '../format/format-layers.ts';
import '../layers/layer-strip.ts';
import {LendWantedEvent} from '../page-events.ts';

const STAGES: Readonly<Record<Exclude<AnswerStage, 'waiting' | 'writing'>, string>> = {
  joining: 'Joining the swarm…',
  choosing: 'Looking for a chain of tabs…',
  opening: 'Opening the chain…',
  reading: 'The chain reads your question…',
};

/** What an answer without words is busy with, and what the reader can do about it. */
@customElement('weft-answer-status')
export class AnswerStatus extends LitElement {
  @property({attribute: false})
  progress: AnswerProgress | undefined;

  /** Layers of the whole model; 0 while it is not known. */
  @property({attribute: false})
  layerCount = 0;

  /** What the button to lend says; `null` where this tab lends already. */
  @property({attribute: false})
  lendLabel: string | null = null;

  override render(): TemplateResult {
    return html`<div role="status">${this.#renderStage()}</div>`;
  }

  #renderStage(): TemplateResult | typeof nothing {
    const {progress} = this;
    if (progress === undefined || progress.stage === 'writing') return nothing;
    if (progress.stage !== 'waiting') {
      return html`<p class="quiet">
        <span class="shuttle" aria-hidden="true"></span>${STAGES[progress.stage]}
      </p>`;
    }
    return this.#renderMissing(progress);
  }

  #renderMissing({missing}: AnswerProgress): TemplateResult {
    const layers = formatLayerList(missing);
    return html`
      <p>
        Nobody serves layers ${layers} of this model. The answer begins by itself when a tab takes
        them.
      </p>
      <weft-layer-strip
        .layerCount=${this.layerCount}
        .parts=${missing.map((range) => ({...range, tone: 'missing'}))}
        .label=${`Layers without a tab: ${layers} of ${this.layerCount}`}
      ></weft-layer-strip>
      ${
        this.lendLabel === null
          ? html`<p class="quiet">
              This tab is lent already: open this page in another tab, or on another device.
            </p>`
          : html`
              <p class="quiet">
                Lend this tab, or open this page in other tabs and on other devices.
              </p>
              <button class="plain" type="button" @click=${this.#onLend}>${this.lendLabel}</button>
            `
      }
    `;
  }

  #onLend(): void {
    this.dispatchEvent(new LendWantedEvent());
  }

  static override readonly styles = [
    controlStyles,
    css`
      [role='status'] {
        display: grid;
        gap: 0.6rem;
        justify-items: start;
      }
      weft-layer-strip {
        width: 100%;
        max-width: 26rem;
      }
      .shuttle {
        display: inline-block;
        width: 2.2rem;
        height: 2px;
        margin-inline-end: 0.6rem;
        vertical-align: middle;
        background: linear-gradient(90deg, var(--weft-madder) 40%, transparent 0) 0 0 / 200% 100%;
        animation: weave 1.6s linear infinite;
      }
      @keyframes weave {
        from {
          background-position: 200% 0;
        }
        to {
          background-position: 0 0;
        }
      }
    `,
  ];
}
