import {css, html, LitElement, nothing, svg, type SVGTemplateResult, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';

/** A dye of the page, or `missing` for layers that nobody holds. */
export type StripTone = 'madder' | 'indigo' | 'weld' | 'missing';

export type StripPart = {
  readonly startLayer: number;
  readonly endLayer: number;
  readonly tone: StripTone;
};

const DYES = ['madder', 'indigo', 'weld'] as const;

/** Neighbouring hops differ in colour. */
export function toneOfHop(index: number): StripTone {
  return DYES[index % DYES.length] ?? 'madder';
}

const THREAD_GAP = 10;
const HEIGHT = 30;
const MIDDLE = HEIGHT / 2;

/**
 * All layers of a model as warp threads, some of them dyed. With `isWoven`, one weft thread
 * crosses the dyed ones, over and under.
 */
@customElement('weft-layer-strip')
export class LayerStrip extends LitElement {
  @property({attribute: false})
  layerCount = 0;

  @property({attribute: false})
  parts: readonly StripPart[] = [];

  @property({attribute: false})
  isWoven = false;

  /** What the picture says, in words. */
  @property({attribute: false})
  label = '';

  override render(): TemplateResult | typeof nothing {
    const {layerCount} = this;
    if (layerCount === 0) return nothing;
    const layers = Array.from({length: layerCount}, (_, layer) => layer);
    return html`
      <svg
        viewBox="0 0 ${layerCount * THREAD_GAP} ${HEIGHT}"
        preserveAspectRatio="none"
        role="img"
        aria-label=${this.label}
      >
        ${layers.map((layer) => this.#renderThread(layer))}
        ${this.isWoven ? this.parts.map(renderWeft) : nothing}
      </svg>
    `;
  }

  #renderThread(layer: number): SVGTemplateResult {
    const part = this.parts.find(
      ({startLayer, endLayer}) => layer >= startLayer && layer < endLayer,
    );
    const x = (layer + 0.5) * THREAD_GAP;
    return svg`<line class="thread ${part?.tone ?? ''}" x1=${x} x2=${x} y1="2" y2=${HEIGHT - 2}></line>`;
  }

  static override readonly styles = css`
    :host { display: block; }
    svg { display: block; width: 100%; height: 1.9rem; }
    line, path { vector-effect: non-scaling-stroke; fill: none; stroke-linecap: round; }
    .thread { stroke: var(--weft-line); stroke-width: 2; }
    .madder { stroke: var(--weft-madder); }
    .indigo { stroke: var(--weft-indigo); }
    .weld { stroke: var(--weft-weld); }
    .missing { stroke: var(--weft-alarm); stroke-dasharray: 2 5; }
    .thread:is(.madder, .indigo, .weld) { stroke-width: 4; }
    .thread.missing { stroke-width: 3; }
    .weft { stroke-width: 2; }
  `;
}

/** One wave per two layers: over one thread, under the next. */
function renderWeft({startLayer, endLayer, tone}: StripPart): SVGTemplateResult {
  const path = [`M ${startLayer * THREAD_GAP} ${MIDDLE}`];
  for (let layer = startLayer; layer < endLayer; layer += 1) {
    const x = layer * THREAD_GAP;
    const y = MIDDLE + (layer % 2 === 0 ? -1 : 1) * 9;
    path.push(`Q ${x + THREAD_GAP / 2} ${y} ${x + THREAD_GAP} ${MIDDLE}`);
  }
  return svg`<path class="weft ${tone}" d=${path.join(' ')}></path>`;
}
