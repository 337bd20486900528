import type {AblationRow, PlannerName, RouterName} from './ablation-cell.ts';

/** No number, and so no point in a plot, where no answer was given. */
function timed(row: AblationRow, value: number): number {
  return row.answered > 0 ? value : NaN;
}

/** What the page can show of a row. */
const FIGURES: Readonly<Record<string, (row: AblationRow) => number>> = {
  'ms per token, mean': (row) => timed(row, row.stepMs.mean),
  'ms per token, 95th percentile': (row) => timed(row, row.stepMs.p95),
  'ms to the first token, mean': (row) => timed(row, row.firstTokenMs.mean),
  'tokens per second, all answers': ({tokensPerSec}) => tokensPerSec,
  'answers given, of 100 asked': ({asked, answered}) => (100 * answered) / asked,
  'openings refused, per question': ({asked, refusals}) => refusals / asked,
  'layers loaded again': ({reloadedLayers}) => reloadedLayers,
  'complete pipelines at the start': ({pipelines}) => pipelines,
};

const COLOURS: Readonly<Record<PlannerName, string>> = {
  weft: '#0b7285',
  'paper-regions': '#7048e8',
  parallax: '#d9480f',
  'in-turn': '#868e96',
};
const DASHES: Readonly<Record<RouterName, readonly number[]>> = {
  weft: [],
  'paper-dag': [8, 4],
  'round-robin': [2, 3],
};

/** One choice that the page offers: its plots as Chart.js takes them, and its table. */
export type AblationView = {
  readonly figure: string;
  readonly arrival: string;
  readonly churn: string;
  readonly charts: readonly object[];
  readonly table: readonly (readonly string[])[];
};

/** Every figure for every kind of arrivals and churn: a plot for each geography. */
export function ablationViews(rows: readonly AblationRow[]): readonly AblationView[] {
  return Object.entries(FIGURES).flatMap(([figure, pick]) =>
    unique(rows.map(({arrival}) => arrival)).flatMap((arrival) =>
      unique(rows.map(({churn}) => churn)).map((churn) => {
        const chosen = rows.filter((row) => row.arrival === arrival && row.churn === churn);
        const charts = unique(chosen.map(({geography}) => geography)).map((geography) =>
          lineChart(
            {title: `${geography}: ${figure}`, unit: figure},
            chosen.filter((row) => row.geography === geography),
            pick,
          ),
        );
        return {figure, arrival, churn, charts, table: tableOf(chosen, pick)};
      }),
    ),
  );
}

/** Against Parallax as it ships, over all worlds: the geometric mean of the ratios. */
export function summaryChart(rows: readonly AblationRow[]): object {
  const shipped = new Map(
    rows
      .filter(({planner, router}) => planner === 'parallax' && router === 'round-robin')
      .map((row) => [worldOf(row), row]),
  );
  const pairs = unique(rows.map(pairOf));
  const bar = (figure: string, backgroundColor: string) => {
    const pick = FIGURES[figure] ?? (() => 0);
    const data = pairs.map((pair) => {
      const logs = rows.flatMap((row) => {
        const against = shipped.get(worldOf(row));
        if (pairOf(row) !== pair || against === undefined) return [];
        const ratio = pick(row) / pick(against);
        return ratio > 0 && Number.isFinite(ratio) ? [Math.log(ratio)] : [];
      });
      return Math.exp(mean(logs));
    });
    return {label: figure, backgroundColor, data};
  };
  return {
    type: 'bar',
    data: {
      labels: pairs,
      datasets: [
        bar('ms per token, mean', '#0b7285'),
        bar('ms per token, 95th percentile', '#74b8c4'),
      ],
    },
    options: {
      indexAxis: 'y',
      maintainAspectRatio: false,
      animation: false,
      plugins: {
        title: {
          display: true,
          text: 'Time against Parallax as it ships (its plan, round robin) = 1; less is better',
        },
      },
      scales: {
        x: {
          beginAtZero: true,
          title: {display: true, text: 'ratio, geometric mean over all worlds'},
        },
      },
    },
  };
}

function lineChart(
  {title, unit}: {readonly title: string; readonly unit: string},
  rows: readonly AblationRow[],
  pick: (row: AblationRow) => number,
): object {
  const labels = unique(rows.map(({nodes}) => nodes));
  return {
    type: 'line',
    data: {
      labels,
      datasets: unique(rows.map(pairOf)).map((label) => {
        const mine = rows.filter((row) => pairOf(row) === label);
        const planner = mine[0]?.planner ?? 'weft';
        const router = mine[0]?.router ?? 'weft';
        return {
          label,
          borderColor: COLOURS[planner],
          backgroundColor: COLOURS[planner],
          borderDash: DASHES[router],
          borderWidth: planner === 'weft' && router === 'weft' ? 4 : 2,
          data: labels.map((size) => mine.filter(({nodes}) => nodes === size).map(pick)[0] ?? null),
        };
      }),
    },
    options: {
      maintainAspectRatio: false,
      animation: false,
      plugins: {
        title: {display: true, text: title},
        legend: {position: 'bottom', labels: {boxWidth: 48, boxHeight: 0, font: {size: 11}}},
      },
      scales: {
        x: {title: {display: true, text: 'nodes'}},
        y: {beginAtZero: true, title: {display: true, text: unit}},
      },
    },
  };
}

/** Mean over the geographies, a line for each pair and a column for each size. */
function tableOf(
  rows: readonly AblationRow[],
  pick: (row: AblationRow) => number,
): readonly (readonly string[])[] {
  const sizes = unique(rows.map(({nodes}) => nodes));
  const head = ['planner and router', ...sizes.map((size) => `${String(size)} nodes`)];
  const body = unique(rows.map(pairOf)).map((pair) => {
    const mine = rows.filter((row) => pairOf(row) === pair);
    const values = sizes.map((size) => {
      const here = mine.filter(({nodes}) => nodes === size).map(pick);
      return mean(here.filter((value) => !Number.isNaN(value)));
    });
    return [pair, ...values.map((value) => (Number.isNaN(value) ? '–' : value.toFixed(1)))];
  });
  return [head, ...body];
}

function pairOf({planner, router}: AblationRow): string {
  return `${planner} plan, ${router} routing`;
}

function worldOf({nodes, geography, arrival, churn}: AblationRow): string {
  return [nodes, geography, arrival, churn].join();
}

function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
