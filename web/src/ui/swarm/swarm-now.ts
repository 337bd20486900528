import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {SwarmView} from '../controllers/swarm-controller.ts';
import {formatLayerList} from '../format/format-layers.ts';
import {runsOfLayers} from './runs-of-layers.ts';
import './layer-strip.ts';
import type {StripPart} from './layer-strip.ts';

/** The swarm as anybody may see it: how many tabs, which layers they serve, what they have answered. */
@customElement('weft-swarm-now')
export class SwarmNow extends LitElement {
  @property({attribute: false})
  swarm: SwarmView = 'not-read';

  /** Of the page's model; 0 while it is not known. */
  @property({attribute: false})
  layerCount = 0;

  override render(): TemplateResult | typeof nothing {
    const {swarm, layerCount} = this;
    if (typeof swarm === 'string' || layerCount === 0) return nothing;
    const held = runsOfLayers(layerCount, (layer) => (swarm?.layers[layer] ?? 0) > 0);
    const missing = runsOfLayers(layerCount, (layer) => (swarm?.layers[layer] ?? 0) === 0);
    const gap = missing.length === 0 ? null : `Nobody serves layers ${formatLayerList(missing)}`;
    return html`
      <weft-layer-strip
        .layerCount=${layerCount}
        .parts=${[
          ...held.map((range): StripPart => ({...range, tone: 'madder'})),
          ...missing.map((range): StripPart => ({...range, tone: 'missing'})),
        ]}
        .label=${gap ?? 'All layers are served'}
      ></weft-layer-strip>
      <p>
        ${tabsSentence(swarm)} ${gap === null ? 'Every layer is served.' : `${gap} yet.`}
        ${swarm === null || swarm.answersLastHour === 0 ? nothing : answersSentence(swarm.answersLastHour)}
      </p>
    `;
  }

  static override readonly styles = css`
    :host {
      display: grid;
      grid-template-columns: minmax(6rem, 14rem) minmax(0, 1fr);
      gap: 0.9rem;
      align-items: center;
      color: var(--weft-quiet);
      font-size: 0.9375rem;
    }
    p {
      margin: 0;
      text-wrap: pretty;
    }
    @media (max-width: 30rem) {
      :host {
        grid-template-columns: minmax(0, 1fr);
        gap: 0.3rem;
      }
    }
  `;
}

function tabsSentence(swarm: Exclude<SwarmView, string>): string {
  const {tabs = 0, joining = 0} = swarm ?? {};
  const joiningToo = joining === 0 ? '' : `, ${joining} more ${joining === 1 ? 'joins' : 'join'}`;
  if (tabs === 0) return `No tab serves this model yet${joiningToo}.`;
  return `${tabs} ${tabs === 1 ? 'tab serves' : 'tabs serve'} this model now${joiningToo}.`;
}

function answersSentence(count: number): string {
  return `${count} ${count === 1 ? 'answer' : 'answers'} in the last hour, as the tabs say.`;
}
