import {css, html, LitElement, nothing, type PropertyValues, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import type {KeptWeights, KeptWeightsService} from '../../ports/kept-weights-service.ts';
import {formatBytes} from '../format/format-bytes.ts';
import {controlStyles} from '../parts/control-styles.ts';

/** The weights that this device keeps, each with a button that deletes it. */
@customElement('weft-kept-weights')
export class KeptWeightsList extends LitElement {
  @property({attribute: false})
  service: KeptWeightsService | undefined;

  /** Changes when weights may have come. */
  @property({attribute: false})
  phase = '';

  @state()
  private kept: readonly KeptWeights[] = [];

  @state()
  private problem: string | null = null;

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('service') || changed.has('phase')) void this.#read();
  }

  override render(): TemplateResult | typeof nothing {
    if (this.kept.length === 0) return nothing;
    return html`
      <h3 id="kept">Kept on this device</h3>
      <ul aria-labelledby="kept">
        ${this.kept.map(
          (one) => html`
            <li>
              <span>${nameOf(one)}, ${formatBytes(one.byteLength)}</span>
              <button
                type="button"
                class="plain"
                aria-label=${`Delete ${nameOf(one)} from this device`}
                @click=${() => void this.#delete(one)}
              >
                Delete
              </button>
            </li>
          `,
        )}
      </ul>
      <p role="status">${this.problem ?? nothing}</p>
    `;
  }

  async #read(): Promise<void> {
    this.kept = (await this.service?.list()) ?? [];
  }

  async #delete(one: KeptWeights): Promise<void> {
    try {
      await this.service?.delete(one);
      this.problem = null;
    } catch {
      this.problem = 'Another tab writes these weights just now: try again in a moment.';
    }
    await this.#read();
  }

  static override readonly styles = [
    controlStyles,
    css`
      h3 {
        margin: 0;
        font-size: 0.9375rem;
      }
      ul {
        display: grid;
        gap: 0.4rem;
        margin: 0.4rem 0 0;
        padding: 0;
        list-style: none;
        color: var(--weft-quiet);
        font-size: 0.9375rem;
      }
      li {
        display: flex;
        gap: 1rem;
        align-items: center;
        justify-content: space-between;
      }
      p {
        margin: 0;
      }
    `,
  ];
}

function nameOf({title, fileSha256}: KeptWeights): string {
  return title ?? `Another model (${fileSha256.slice(0, 8)})`;
}
