import {escapeHtml} from '../../../load/report/escape-html.ts';
import {ACTIVITIES, activityOf, type OwnedLane, type TimeAccount} from './account-for-time.ts';
import type {TracedAnswers} from './trace-answers.ts';

export type TimelineScene = {
  readonly title: string;
  readonly traced: TracedAnswers;
  readonly account: TimeAccount;
};

/** So much of each scene is drawn: some laps of the ring. */
const DRAWN_MS = 400;
const PX_PER_MS = 4;
const LANE_PX = 18;
/** Of a letter of a lane's name, about. */
const LETTER_PX = 6.5;
/** A thread that is busy for less of the time is not drawn. */
const LEAST_BUSY = 0.002;

/** The threads of each scene under each other, as one file that opens from disk. */
export function timelinePage(scenes: readonly TimelineScene[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Where the time of a step goes</title>
<style>${STYLE}</style>
<h1>Where the time of a step goes</h1>
<p>Tasks of the browser's own threads, as it traces them, while all answers go on. A pale task waited for a core for more than a tenth of its time.</p>
<p>${ACTIVITIES.filter((each) => each !== 'nothing')
    .map((each) => `<span class="key ${each}">${each}</span>`)
    .join(' ')}</p>
${scenes.map(renderScene).join('\n')}
</html>
`;
}

function renderScene({title, traced, account}: TimelineScene): string {
  const {windowMs, wallMs, cpuMs, runs} = account;
  const perToken = (ms: number) => (ms / traced.tokens).toFixed(2);
  const rows = ACTIVITIES.map((each) => {
    const cpu = each === 'nothing' ? '' : perToken(cpuMs[each]);
    const share = ((100 * wallMs[each]) / windowMs).toFixed(1);
    return `<tr><td>${each}</td><td>${share}</td><td>${perToken(wallMs[each])}</td><td>${cpu}</td></tr>`;
  });
  return `<h2>${escapeHtml(title)}</h2>
<p>${traced.tokens} tokens in ${windowMs.toFixed(0)} ms, ${runs.length} runs of engines.</p>
<table><tr><th>while nothing nearer to the engine runs</th><th>% of the time</th><th>ms per token</th><th>processor, ms per token</th></tr>
${rows.join('\n')}</table>
${renderLanes(traced, windowMs)}`;
}

function renderLanes({lanes, startMs}: TracedAnswers, windowMs: number): string {
  const busy = lanes
    .filter((lane) => busyMs(lane) > LEAST_BUSY * windowMs)
    .toSorted(
      (a, b) => rank(a) - rank(b) || a.label.localeCompare(b.label) || busyMs(b) - busyMs(a),
    );
  const drawnMs = Math.min(windowMs, DRAWN_MS);
  const namePx = LETTER_PX * Math.max(0, ...busy.map((lane) => nameOf(lane).length));
  const width = namePx + drawnMs * PX_PER_MS;
  const height = (busy.length + 1) * LANE_PX;
  const grid = Array.from({length: Math.floor(drawnMs / 10) + 1}, (_, at) => {
    const x = namePx + at * 10 * PX_PER_MS;
    const name = at % 5 === 0 ? `<text x="${x + 2}" y="${height - 4}">${at * 10} ms</text>` : '';
    return `<line x1="${x}" x2="${x}" y1="0" y2="${height - LANE_PX}"/>${name}`;
  });
  const drawn = busy.map((lane, at) =>
    renderLane(lane, {namePx, y: at * LANE_PX, startMs, drawnMs}),
  );
  return `<div class="wide"><svg width="${width}" height="${height}">${grid.join('')}${drawn.join('')}</svg></div>`;
}

function renderLane(
  lane: OwnedLane,
  {
    namePx,
    y,
    startMs,
    drawnMs,
  }: {
    readonly namePx: number;
    readonly y: number;
    readonly startMs: number;
    readonly drawnMs: number;
  },
): string {
  const activity = activityOf(lane);
  const tasks = lane.tasks.flatMap((task) => {
    const [from, to] = [
      Math.max(0, task.startMs - startMs),
      Math.min(drawnMs, task.endMs - startMs),
    ];
    if (to <= from) return [];
    const tookMs = task.endMs - task.startMs;
    const hasWaited = task.cpuMs < 0.9 * tookMs;
    const x = (namePx + from * PX_PER_MS).toFixed(1);
    const width = Math.max(0.4, (to - from) * PX_PER_MS).toFixed(1);
    return `<rect class="${activity}${hasWaited ? ' waited' : ''}" x="${x}" y="${y + 3}" width="${width}" height="${LANE_PX - 6}"><title>${tookMs.toFixed(2)} ms, ${task.cpuMs.toFixed(2)} on a core</title></rect>`;
  });
  return `<text x="0" y="${y + LANE_PX - 5}">${escapeHtml(nameOf(lane))}</text>${tasks.join('')}`;
}

function nameOf({label, thread}: OwnedLane): string {
  return `${label}: ${thread}`;
}

function busyMs({tasks}: OwnedLane): number {
  return tasks.reduce((sum, {startMs, endMs}) => sum + endMs - startMs, 0);
}

function rank(lane: OwnedLane): number {
  return ACTIVITIES.indexOf(activityOf(lane)) < ACTIVITIES.indexOf('client') ? 0 : 1;
}

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 0.15rem 0.75rem 0.15rem 0; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
.wide { overflow-x: auto; margin: 1rem 0; }
svg { font-size: 11px; } svg text { fill: currentColor; } svg line { stroke: #8883; }
.key { padding: 0 0.6rem; color: #fff; }
.engine { fill: #c8553d; background: #c8553d; } .page { fill: #2a78b5; background: #2a78b5; }
.links { fill: #3f9b5b; background: #3f9b5b; } .client { fill: #8a63b8; background: #8a63b8; }
.browser { fill: #8a8a8a; background: #777; } .waited { opacity: 0.45; }
`;
