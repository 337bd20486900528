import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {NetworkState} from '../../ports/network-service.ts';
import type {Turn} from '../controllers/conversation-controller.ts';
import {controlStyles} from '../parts/control-styles.ts';
import {renderFailure} from '../parts/render-failure.ts';
import './answer-chain.ts';
import './answer-status.ts';
import './markdown/markdown-text.ts';

/** One question, its answer, and where the answer came from. */
@customElement('weft-turn')
export class ConversationTurn extends LitElement {
  @property({attribute: false})
  turn: Turn | undefined;

  @property({attribute: false})
  layerCount = 0;

  @property({attribute: false})
  lendLabel: string | null = null;

  @property({attribute: false})
  network: NetworkState = 'fine';

  override render(): TemplateResult | typeof nothing {
    const {turn} = this;
    if (turn === undefined) return nothing;
    const {answer, question} = turn;
    const {progress} = answer;
    return html`
      <p class="question"><span class="for-ears">You asked: </span>${question}</p>
      <div class="answer">
        ${progress.text === '' ? nothing : html`<weft-markdown .text=${progress.text}></weft-markdown>`}
        ${
          answer.kind === 'running'
            ? html`<weft-answer-status
                .progress=${progress}
                .layerCount=${this.layerCount}
                .lendLabel=${this.lendLabel}
                .network=${this.network}
              ></weft-answer-status>`
            : nothing
        }
        ${answer.kind === 'failed' ? renderFailure(answer.failure) : nothing}
        ${
          answer.kind === 'complete' && answer.isStopped
            ? html`<p class="quiet">You stopped this answer.</p>`
            : nothing
        }
        ${
          progress.hops.length === 0
            ? nothing
            : html`<weft-answer-chain .progress=${progress}></weft-answer-chain>`
        }
      </div>
    `;
  }

  static override readonly styles = [
    controlStyles,
    css`
      .question {
        width: fit-content;
        max-width: 100%;
        margin-inline-start: auto;
        padding: 0.5rem 0.9rem;
        border-radius: 1rem 1rem 0.2rem;
        background: var(--weft-madder-wash);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .answer {
        display: grid;
        gap: 0.6rem;
        margin-block-start: 0.9rem;
      }
    `,
  ];
}
