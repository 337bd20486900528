import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {LendState} from '../../ports/lend-service.ts';
import type {LendView} from '../controllers/lend-controller.ts';
import {controlStyles} from '../parts/control-styles.ts';
import '../swarm/layer-strip.ts';
import type {StripPart} from '../swarm/layer-strip.ts';
import {stepsOf, type StepView} from '../controllers/step-list.ts';

/** After the click: the way to serving, and this tab's part of the model. */
@customElement('weft-lend-steps')
export class LendSteps extends LitElement {
  @property({attribute: false})
  view: LendView | undefined;

  override render(): TemplateResult | typeof nothing {
    const {view} = this;
    if (view === undefined) return nothing;
    const steps = stepsOf(view.state, view.loadingParts);
    const parts = partsOf(view.state);
    return html`
      <p class="for-ears" role="status">${spoken(view, steps)}</p>
      <ol>
        ${steps.map(renderStep)}
      </ol>
      <weft-layer-strip
        .layerCount=${view.model?.layerCount ?? 0}
        .parts=${parts}
        .isWoven=${view.state.kind === 'serving'}
        .label=${labelOf(view, parts)}
      ></weft-layer-strip>
    `;
  }

  static override readonly styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 1rem;
      }
      ol {
        display: grid;
        gap: 0.35rem;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: 1.4rem 1fr;
        align-items: start;
        color: var(--weft-quiet);
      }
      li.current {
        color: var(--weft-ink);
      }
      .mark {
        color: var(--weft-madder);
        font-weight: 700;
      }
      .title {
        font-weight: 600;
      }
      li.ahead .title {
        font-weight: 400;
      }
      .detail {
        grid-column: 2;
        overflow-wrap: anywhere;
      }
      progress {
        grid-column: 2;
        width: 100%;
        height: 0.5rem;
        margin-block: 0.3rem;
        accent-color: var(--weft-madder);
      }
    `,
  ];
}

const MARKS = {done: '✓', current: '●', ahead: '·'} as const;

function renderStep({title, state, detail, progress}: StepView): TemplateResult {
  return html`
    <li class=${state} aria-current=${state === 'current' ? 'step' : nothing}>
      <span class="mark" aria-hidden="true">${MARKS[state]}</span>
      <span class="title"
        >${title}${state === 'done' ? html`<span class="for-ears">: done</span>` : nothing}</span
      >
      ${detail === '' ? nothing : html`<span class="detail quiet figure">${detail}</span>`}
      ${
        progress === null
          ? nothing
          : html`<progress
              max=${progress.total}
              .value=${progress.done}
              aria-label=${title}
            ></progress>`
      }
    </li>
  `;
}

/** Changes once per step: megabytes that go by are not read out. */
function spoken({state, isLeaving}: LendView, steps: readonly StepView[]): string {
  const step = steps.find((candidate) => candidate.state === 'current');
  if (isLeaving)
    return `Leaving the swarm. ${state.kind === 'leaving' ? (step?.detail ?? '') : ''}`;
  if (step === undefined) return '';
  return state.kind === 'loading' ? step.title : `${step.title}. ${step.detail}`;
}

function partsOf(state: LendState): readonly StripPart[] {
  return 'layers' in state ? [{...state.layers, tone: 'madder'}] : [];
}

function labelOf({model}: LendView, [part]: readonly StripPart[]): string {
  if (part === undefined) return 'This tab holds no layers yet';
  return `This tab's part: layers ${part.startLayer} to ${part.endLayer} of ${model?.layerCount ?? 0}`;
}
