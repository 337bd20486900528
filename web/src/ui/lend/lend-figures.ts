import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import {shorten} from '../../ports/explain-failure.ts';
import type {LendState} from '../../ports/lend-service.ts';
import {controlStyles} from '../parts/control-styles.ts';
import {formatBytes} from '../format/format-bytes.ts';
import {formatDuration} from '../format/format-duration.ts';
import {formatEngine} from '../format/format-engine.ts';

/** What a serving tab has done so far. */
@customElement('weft-lend-figures')
export class LendFigures extends LitElement {
  @property({attribute: false})
  state: Extract<LendState, {kind: 'serving'}> | undefined;

  @property({attribute: false})
  neighbourCount: number | null = null;

  override render(): TemplateResult | typeof nothing {
    const {state} = this;
    if (state === undefined) return nothing;
    const {weightBytes, kvBytes} = state;
    const parts = `weights ${formatBytes(weightBytes)}, caches ${formatBytes(kvBytes)}`;
    const figures: readonly (readonly [name: string, value: string])[] = [
      ['Runs on', formatEngine(state.engine)],
      [`In memory: ${parts}`, formatBytes(weightBytes + kvBytes)],
      ['Tokens served', state.servedTokens.toLocaleString('en')],
      ['Per layer and token', formatDuration(state.decodeMsPerLayer)],
      ['Open answers', String(state.openSessions)],
      ['Neighbours', this.neighbourCount === null ? '–' : String(this.neighbourCount)],
      ['Sent', formatBytes(state.bytesSent)],
      ['Received', formatBytes(state.bytesReceived)],
    ];
    return html`
      <dl class="figure">
        ${figures.map(
          ([name, value]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>`,
        )}
      </dl>
      ${
        state.engineFallback === null
          ? nothing
          : html`<p class="quiet">Runs on the CPU. ${shorten(state.engineFallback.message)}.</p>`
      }
      ${state.news.map((sentence) => html`<p class="quiet">${sentence}</p>`)}
    `;
  }

  static override readonly styles = [
    controlStyles,
    css`
      dl {
        display: grid;
        /* Two or three in a row: both divide the six that follow the two long ones. */
        grid-template-columns: repeat(auto-fit, minmax(max(7.5rem, 28%), 1fr));
        gap: 0.8rem 1rem;
        margin: 0;
        padding-block: 0.9rem;
        border-block: 1px solid var(--weft-line);
      }
      p {
        margin-block-start: 0.75rem;
      }
      div {
        display: flex;
        flex-direction: column-reverse;
      }
      div:nth-child(-n + 2) {
        grid-column: 1 / -1;
      }
      dt {
        color: var(--weft-quiet);
        font-size: 0.8125rem;
      }
      dd {
        margin: 0;
        font: 600 1.25rem/1.2 var(--weft-serif);
        font-variant-numeric: tabular-nums;
      }
    `,
  ];
}
