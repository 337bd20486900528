import type {ChainHop} from '#shared/client/chat/chat-service.ts';
import {escapeHtml} from './escape-html.ts';
import type {Report, RequestReport} from './report.ts';

const SHORT_ID_LENGTH = 6;

/** The numbers that a reader looks for first. */
export function renderSummary({summary}: Pick<Report, 'summary'>): string {
  const {timeToFirstTokenMs, interTokenMs, takeoverMs} = summary;
  const facts: readonly (readonly [string, string])[] = [
    ['completed', `${summary.completed} of ${summary.requests}`],
    ['failed', String(summary.failed)],
    ['wrong', String(summary.wrong)],
    ['tokens per second', String(summary.tokensPerSec)],
    ['first token, p50 / p95 / max ms', Object.values(timeToFirstTokenMs).join(' / ')],
    ['between tokens, p50 / p95 / max ms', Object.values(interTokenMs).join(' / ')],
    ['takeover, p50 / max ms', Object.values(takeoverMs).join(' / ')],
    ['covered after ms', summary.coverageMs === null ? 'never' : String(summary.coverageMs)],
    ['observed over predicted per hop, p50 / p95', errorText(summary.predictionError.hop)],
    ['observed over predicted per token, p50 / p95', errorText(summary.predictionError.step)],
  ];
  const items = facts.map(([name, value]) => `<li>${name}<b>${value}</b></li>`).join('');
  return `<ul class="facts">${items}</ul>`;
}

function errorText(error: Report['summary']['predictionError']['hop']): string {
  if (error === null) return 'not reported';
  return `${percent(error.p50)} / ${percent(error.p95)}`;
}

function percent(share: number): string {
  return `${share < 0 ? '−' : '+'}${Math.round(Math.abs(share) * 100)} %`;
}

/** Each lending tab as a bar over the layers that it held last. */
export function renderNodes({nodes}: Pick<Report, 'nodes'>, layerCount: number): string {
  const rows = nodes.map((node) => {
    const left = (100 * node.startLayer) / layerCount;
    const width = (100 * (node.endLayer - node.startLayer)) / layerCount;
    const held = width === 0 ? 'none' : `${node.startLayer}–${node.endLayer}`;
    const bar = `<div class="layers"><span style="left:${left}%;width:${width}%"></span></div>`;
    return row([
      `${node.tab} <code>${shortId(node.id)}</code>`,
      escapeHtml(node.engine),
      bar,
      held,
      number(node.servedTokens),
      number(node.bytesSent),
      number(node.bytesReceived),
      number(node.servingMs),
    ]);
  });
  const names = [
    'tab',
    'engine',
    'layers',
    '',
    'tokens',
    'bytes out',
    'bytes in',
    'serving after ms',
  ];
  return table(names, rows);
}

/** How many requests each chain served: one row for each set of hops. */
export function renderChains({requests}: Pick<Report, 'requests'>): string {
  const hops = requests.flatMap(({chains}) => chains.map(describeChain));
  const rows = [...Map.groupBy(hops, (chain) => chain)].map(([chain, uses]) =>
    row([chain, number(uses.length)]),
  );
  return table(['chain', 'requests'], rows);
}

export function renderRequests({requests}: Pick<Report, 'requests'>): string {
  const rows = requests.map((request) =>
    row([
      String(request.id),
      escapeHtml(request.prompt),
      outcomeOf(request),
      number(request.tokenIds.length),
      number(request.timeToFirstTokenMs),
      number(request.interTokenMs.p50),
      number(request.interTokenMs.p95),
      number(request.wireBytesPerTokenPerHop),
    ]),
  );
  const names = [
    'id',
    'prompt',
    'answer',
    'tokens',
    'first ms',
    'between p50',
    'p95',
    'bytes/token/hop',
  ];
  return table(names, rows);
}

function outcomeOf({error, text, isWrong}: RequestReport): string {
  if (error !== null) return `<span class="bad">${escapeHtml(error)}</span>`;
  return isWrong ? `<span class="bad">wrong: ${escapeHtml(text)}</span>` : escapeHtml(text);
}

function describeChain(hops: readonly ChainHop[]): string {
  return hops
    .map(
      ({node, startLayer, endLayer}) => `<code>${shortId(node)}</code> ${startLayer}–${endLayer}`,
    )
    .join(' → ');
}

/** Peer ids differ at their end. */
function shortId(id: string): string {
  return escapeHtml(id.slice(-SHORT_ID_LENGTH));
}

function number(value: number | null): string {
  return value === null ? '–' : String(value);
}

function row(cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

function table(names: readonly string[], rows: readonly string[]): string {
  const head = names.map((name) => `<th>${name}</th>`).join('');
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}
