import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {NetworkState} from '../../ports/network-service.ts';
import type {AnswerProgress} from '../controllers/answer-progress.ts';
import {controlStyles} from '../parts/control-styles.ts';
import {formatLayerList} from '../format/format-layers.ts';
import '../swarm/layer-strip.ts';
import {LendWantedEvent} from '../parts/page-events.ts';
import {ENGLISH_ANSWER} from './strings/answer-strings.ts';
import type {OwnStrings} from './strings/chat-strings.ts';
import {fill} from './strings/fill.ts';

/** What the reader can do about layers that nobody serves. */
export type WayToHelp = {
  readonly sentence: string;
  /** What the button for it says; `null`: there is none. */
  readonly label: string | null;
};

/** What an answer without words is busy with, and what the reader can do about it. */
@customElement('weft-answer-status')
export class AnswerStatus extends LitElement {
  @property({attribute: false})
  progress: AnswerProgress | undefined;

  @property({attribute: false})
  strings: OwnStrings = {};

  /** Layers of the whole model; 0 while it is not known. */
  @property({attribute: false})
  layerCount = 0;

  @property({attribute: false})
  help: WayToHelp | null = null;

  @property({attribute: false})
  network: NetworkState = 'fine';

  override render(): TemplateResult {
    return html`<div role="status">${this.#renderStage()}</div>`;
  }

  #renderStage(): TemplateResult | typeof nothing {
    const {progress} = this;
    const strings = {...ENGLISH_ANSWER, ...this.strings};
    if (progress === undefined || progress.stage === 'writing') return nothing;
    // What a tab without a server sees of the others says little of them; those of an answer that has begun it knows.
    const isBlind =
      progress.stage === 'joining' || (progress.stage === 'waiting' && progress.tokenCount === 0);
    if (isBlind && this.network !== 'fine') return html`<p>${strings[this.network]}</p>`;
    if (progress.stage === 'waiting') return this.#renderMissing(progress);
    const host = progress.servedElsewhere ?? '';
    const sentence = fill(strings[progress.stage], {host});
    const {vocabulary} = progress;
    return html`<p class="quiet"><span class="shuttle" aria-hidden="true"></span>${sentence}</p>
      ${
        vocabulary === null
          ? nothing
          : html`<progress
              max=${vocabulary.total}
              .value=${vocabulary.done}
              aria-label=${sentence}
            ></progress>`
      }`;
  }

  #renderMissing({missing, patienceMs}: AnswerProgress): TemplateResult {
    const {layerCount} = this;
    const strings = {...ENGLISH_ANSWER, ...this.strings};
    const reasons = [...Map.groupBy(missing, ({why}) => why)];
    return html`
      ${reasons.map(
        ([why, ranges]) =>
          html`<p>${fill(strings[why], {layers: formatLayerList(ranges, strings.lang)})}</p>`,
      )}
      <p>
        ${
          patienceMs === null
            ? strings.waits
            : fill(strings.waitsFor, {seconds: Math.round(patienceMs / 1_000)})
        }
      </p>
      <weft-layer-strip
        .layerCount=${layerCount}
        .parts=${missing.map((range) => ({...range, tone: 'missing'}))}
        .label=${fill(strings.missing, {
          layers: formatLayerList(missing, strings.lang),
          count: layerCount,
        })}
      ></weft-layer-strip>
      ${this.help === null || reasons.every(([why]) => why === 'loading') ? nothing : this.#renderHelp(this.help)}
    `;
  }

  #renderHelp({sentence, label}: WayToHelp): TemplateResult {
    return html`
      <p class="quiet">${sentence}</p>
      ${
        label === null
          ? nothing
          : html`<button class="plain" type="button" @click=${this.#onLend}>${label}</button>`
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
      progress {
        width: 100%;
        max-width: 26rem;
        height: 0.5rem;
        accent-color: var(--weft-madder);
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
