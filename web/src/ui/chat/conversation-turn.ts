import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {Failure} from '../../ports/explain-failure.ts';
import type {NetworkState} from '../../ports/network-service.ts';
import type {AnswerProgress} from '../controllers/answer-progress.ts';
import type {Turn} from '../controllers/conversation-controller.ts';
import {controlStyles} from '../parts/control-styles.ts';
import {renderFailure} from '../parts/render-failure.ts';
import './answer-chain.ts';
import './answer-status.ts';
import type {WayToHelp} from './answer-status.ts';
import './markdown/markdown-text.ts';
import {ENGLISH_ANSWER} from './strings/answer-strings.ts';
import type {ChatStrings, OwnStrings} from './strings/chat-strings.ts';
import {fill} from './strings/fill.ts';

/** One question, its answer, and where the answer came from. */
@customElement('weft-turn')
export class ConversationTurn extends LitElement {
  @property({attribute: false})
  turn: Turn | undefined;

  @property({attribute: false})
  strings: OwnStrings = {};

  /** In a page of another site the tabs of an answer are only counted, and no link reloads that page. */
  @property({attribute: false})
  isEmbedded = false;

  @property({attribute: false})
  layerCount = 0;

  @property({attribute: false})
  help: WayToHelp | null = null;

  @property({attribute: false})
  network: NetworkState = 'fine';

  override render(): TemplateResult | typeof nothing {
    const {turn} = this;
    if (turn === undefined) return nothing;
    const strings = this.#strings();
    const {answer, question} = turn;
    const {progress} = answer;
    return html`
      <p class="question" part="message question">
        <span class="for-ears">${strings.youAsked}</span><span class="asked">${question}</span>
      </p>
      <div class="answer" part="message answer">
        ${progress.text === '' ? nothing : html`<weft-markdown .text=${progress.text}></weft-markdown>`}
        ${
          answer.kind === 'running'
            ? html`<weft-answer-status
                .progress=${progress}
                .strings=${this.strings}
                .layerCount=${this.layerCount}
                .help=${this.help}
                .network=${this.network}
              ></weft-answer-status>`
            : nothing
        }
        ${answer.kind === 'failed' ? this.#renderFailure(answer.failure) : nothing}
        ${
          answer.kind === 'complete' && answer.isStopped
            ? html`<p class="quiet">${strings.stopped}</p>`
            : nothing
        }
        ${progress.hasOtherEngine ? html`<p class="quiet">${strings.hasOtherEngine}</p>` : nothing}
        ${answer.kind === 'failed' && progress.text === '' ? nothing : this.#renderOrigin(progress)}
      </div>
    `;
  }

  #strings() {
    return {...ENGLISH_ANSWER, ...this.strings};
  }

  #renderFailure(failure: Failure): TemplateResult {
    if (!this.isEmbedded) return renderFailure(failure);
    const strings = this.#strings();
    const {code, sentence} = failure;
    return renderFailure(
      {...failure, sentence: strings.failures?.[code] ?? sentence},
      {codeLine: fill(strings.code, {code}), links: nothing},
    );
  }

  #renderOrigin(progress: AnswerProgress): TemplateResult | typeof nothing {
    const strings = this.#strings();
    const {hops, servedElsewhere: host, finishReason} = progress;
    if (host === null && !this.isEmbedded) {
      return hops.length === 0
        ? nothing
        : html`<weft-answer-chain .progress=${progress}></weft-answer-chain>`;
    }
    const origin =
      host === null ? originOf(hops.length, strings) : fill(strings.servedElsewhere, {host});
    if (origin === '') return nothing;
    return html`<p class="quiet origin">
      ${origin} ${finishReason === 'length' ? strings.cut : nothing}
    </p>`;
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
        overflow-wrap: anywhere;
      }
      .asked {
        white-space: pre-wrap;
      }
      .answer {
        display: grid;
        gap: 0.6rem;
        margin-block-start: 0.9rem;
      }
    `,
  ];
}

function originOf(
  tabCount: number,
  {servedByOne, servedByMany}: Pick<ChatStrings, 'servedByOne' | 'servedByMany'>,
): string {
  if (tabCount === 0) return '';
  return tabCount === 1 ? servedByOne : fill(servedByMany, {count: tabCount});
}
