import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {MissingLayers} from '../../ports/chat-service.ts';
import type {NetworkState} from '../../ports/network-service.ts';
import type {AnswerProgress, AnswerStage} from '../controllers/answer-progress.ts';
import {controlStyles} from '../parts/control-styles.ts';
import {formatLayerList} from '../format/format-layers.ts';
import '../swarm/layer-strip.ts';
import {LendWantedEvent} from '../parts/page-events.ts';

const STAGES: Readonly<Record<Exclude<AnswerStage, 'waiting' | 'writing'>, string>> = {
  joining: 'Joining the swarm…',
  choosing: 'Looking for a chain of tabs…',
  opening: 'Opening the chain…',
  reading: 'The chain reads your question…',
};

const WITHOUT_SERVER: Readonly<Record<Exclude<NetworkState, 'fine'>, string>> = {
  'no-server':
    'The signal server does not answer. This tab tries again by itself, and the answer begins then.',
  offline: 'This device is offline. The answer begins by itself when the network is back.',
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

  @property({attribute: false})
  network: NetworkState = 'fine';

  override render(): TemplateResult {
    return html`<div role="status">${this.#renderStage()}</div>`;
  }

  #renderStage(): TemplateResult | typeof nothing {
    const {progress} = this;
    if (progress === undefined || progress.stage === 'writing') return nothing;
    // What a tab without a server sees of the others says little of them.
    const isBlind = progress.stage === 'joining' || progress.stage === 'waiting';
    if (isBlind && this.network !== 'fine') return html`<p>${WITHOUT_SERVER[this.network]}</p>`;
    if (progress.stage !== 'waiting') {
      return html`<p class="quiet">
        <span class="shuttle" aria-hidden="true"></span>${STAGES[progress.stage]}
      </p>`;
    }
    return this.#renderMissing(progress);
  }

  #renderMissing({missing}: AnswerProgress): TemplateResult {
    const reasons = [...Map.groupBy(missing, ({why}) => why)];
    return html`
      ${reasons.map(([why, ranges]) => html`<p>${sentenceOf(why, formatLayerList(ranges))}</p>`)}
      <weft-layer-strip
        .layerCount=${this.layerCount}
        .parts=${missing.map((range) => ({...range, tone: 'missing'}))}
        .label=${`Layers that cannot be served now: ${formatLayerList(missing)} of ${this.layerCount}`}
      ></weft-layer-strip>
      ${reasons.every(([why]) => why === 'loading') ? nothing : this.#renderHelp()}
    `;
  }

  /** What the reader can do about it. */
  #renderHelp(): TemplateResult {
    if (this.lendLabel === null) {
      return html`<p class="quiet">
        This tab is lent already: open this page in another tab, or on another device.
      </p>`;
    }
    return html`
      <p class="quiet">Lend this tab, or open this page in other tabs and on other devices.</p>
      <button class="plain" type="button" @click=${this.#onLend}>${this.lendLabel}</button>
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

function sentenceOf(why: MissingLayers['why'], layers: string): string {
  switch (why) {
    case 'no-node':
      return `Nobody serves layers ${layers} of this model. The answer begins by itself when a tab takes them.`;
    case 'loading':
      return `A tab is loading layers ${layers} of this model. The answer begins by itself when it is ready.`;
    case 'full':
      return `The swarm is full: every tab that holds layers ${layers} is busy with other answers. This one begins by itself when there is room.`;
    case 'too-small':
      return `The tabs that hold layers ${layers} have too little room for this question: shorten it.`;
    case 'unreachable':
      return `The tabs that hold layers ${layers} cannot reach each other. The answer begins by itself when they can.`;
    case 'distrusted':
      return `The tabs that hold layers ${layers} have refused. The answer begins by itself when another tab takes them.`;
  }
}
