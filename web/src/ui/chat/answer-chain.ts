import {css, html, LitElement, nothing, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import type {ChainHop} from '../../ports/chat-service.ts';
import {msPerTokenOf, type AnswerProgress} from '../controllers/answer-progress.ts';
import {controlStyles} from '../parts/control-styles.ts';
import {formatDuration} from '../format/format-duration.ts';
import {formatEngine} from '../format/format-engine.ts';
import {formatLayers} from '../format/format-layers.ts';
import {shortNode} from '../format/short-node.ts';
import {toneOfHop} from '../swarm/layer-strip.ts';
import {timesOf} from './times-of-hop.ts';

/** Under an answer: the tabs it went through, and how fast. */
@customElement('weft-answer-chain')
export class AnswerChain extends LitElement {
  @property({attribute: false})
  progress: AnswerProgress | undefined;

  override render(): TemplateResult | typeof nothing {
    const {progress} = this;
    if (progress === undefined || progress.hops.length === 0) return nothing;
    const {hops} = progress;
    return html`
      <weft-layer-strip
        .layerCount=${hops.at(-1)?.endLayer ?? 0}
        .parts=${hops.map((hop, i) => ({...hop, tone: toneOfHop(i)}))}
        .isWoven=${true}
        .label=${`The layers of the model, woven through ${tabCount(hops.length)}`}
      ></weft-layer-strip>
      <ol aria-label="Chain">
        ${hops.map((hop, index) => renderHop(hop, index, progress))}
      </ol>
      <p class="quiet figure">${speedOf(progress)}</p>
    `;
  }

  static override readonly styles = [
    controlStyles,
    css`
      :host {
        margin-block-start: 0.9rem;
      }
      weft-layer-strip {
        max-width: 26rem;
      }
      ol {
        display: flex;
        flex-wrap: wrap;
        gap: 0.1rem 1.1rem;
        margin: 0.35rem 0;
        padding: 0;
        list-style: none;
        font-size: 0.875rem;
      }
      li {
        display: flex;
        align-items: baseline;
        gap: 0.4rem;
      }
      li::before {
        content: '';
        flex: none;
        width: 0.6rem;
        height: 0.6rem;
        border-radius: 50%;
        background: currentColor;
      }
      li.madder::before {
        color: var(--weft-madder);
      }
      li.indigo::before {
        color: var(--weft-indigo);
      }
      li.weld::before {
        color: var(--weft-weld);
      }
      code {
        font-family: var(--weft-mono);
      }
      .what {
        color: var(--weft-quiet);
      }
    `,
  ];
}

function renderHop(hop: ChainHop, index: number, {served}: AnswerProgress): TemplateResult {
  const times = timesOf(served.find(({node}) => node === hop.node));
  return html`
    <li class=${toneOfHop(index)} title=${hop.node}>
      <code>${shortNode(hop.node)}</code>
      <span class="what"
        >layers ${formatLayers(hop)},
        ${formatEngine(hop.engine)}${times === null ? nothing : `: ${times}`}</span
      >
    </li>
  `;
}

function speedOf(progress: AnswerProgress): string {
  const {tokenCount, chainCount, firstTokenAtMs, askedAtMs, finishReason} = progress;
  if (firstTokenAtMs === null) return '';
  const msPerToken = msPerTokenOf(progress);
  const parts = [`First token after ${formatDuration(firstTokenAtMs - askedAtMs)}`];
  if (msPerToken !== null) parts.push(`then ${formatDuration(msPerToken)} per token`);
  parts.push(tokenCount === 1 ? '1 token' : `${tokenCount} tokens`);
  if (chainCount > 1) parts.push(`rewoven ${chainCount - 1} × on the way`);
  if (finishReason === 'length') parts.push('cut at the longest answer');
  return `${parts.join(', ')}.`;
}

function tabCount(count: number): string {
  return count === 1 ? 'one tab' : `${count} tabs`;
}
