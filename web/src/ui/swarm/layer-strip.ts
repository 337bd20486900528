import {
  css,
  html,
  LitElement,
  nothing,
  svg,
  type SVGTemplateResult,
  type TemplateResult,
} from 'lit';
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
const [TOP, MIDDLE, BOTTOM] = [1, HEIGHT / 2, HEIGHT - 1];
/** Half of what a thread leaves free where another lies over it. */
const WARP_GAP = 2.4;
const WEFT_GAP = 2.3;

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
      </svg>
    `;
  }

  #renderThread(layer: number): SVGTemplateResult {
    const part = this.parts.find(
      ({startLayer, endLayer}) => layer >= startLayer && layer < endLayer,
    );
    const x = (layer + 0.5) * THREAD_GAP;
    const [left, right] = [layer * THREAD_GAP, (layer + 1) * THREAD_GAP];
    const isCrossed = part !== undefined && this.isWoven;
    // Plain weave: the weft lies over every other thread; what lies below is interrupted.
    const isUnder = isCrossed && layer % 2 === 0;
    const warp = isUnder
      ? `M${x} ${TOP}V${MIDDLE - WARP_GAP} M${x} ${MIDDLE + WARP_GAP}V${BOTTOM}`
      : `M${x} ${TOP}V${BOTTOM}`;
    const weft = isUnder
      ? `M${left} ${MIDDLE}H${right}`
      : `M${left} ${MIDDLE}H${x - WEFT_GAP} M${x + WEFT_GAP} ${MIDDLE}H${right}`;
    return svg`
      <path class="thread ${part?.tone ?? ''}" d=${warp}></path>
      ${isCrossed ? svg`<path class="weft" d=${weft}></path>` : nothing}
    `;
  }

  static override readonly styles = css`
    :host {
      display: block;
    }
    svg {
      display: block;
      width: 100%;
      height: 1.9rem;
    }
    path {
      vector-effect: non-scaling-stroke;
      fill: none;
    }
    .thread {
      stroke: var(--weft-line);
      stroke-width: 2;
    }
    .madder {
      stroke: var(--weft-madder);
    }
    .indigo {
      stroke: var(--weft-indigo);
    }
    .weld {
      stroke: var(--weft-weld);
    }
    .missing {
      stroke: var(--weft-alarm);
      stroke-dasharray: 4 4;
    }
    .thread:is(.madder, .indigo, .weld) {
      stroke-width: 4;
    }
    .thread.missing {
      stroke-width: 3;
    }
    .weft {
      stroke: var(--weft-ink);
      stroke-width: 2;
    }
  `;
}
