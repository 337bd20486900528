import {percentile} from './percentile.ts';
import type {Report} from './report.ts';

/** One plot: shared x values, and a line for each label. */
export type Plot = {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly x: readonly number[];
  readonly lines: readonly {readonly label: string; readonly y: readonly (number | null)[]}[];
  /** Vertical lines. */
  readonly marks: readonly {readonly x: number; readonly label: string}[];
};

const BIN_COUNT = 80;
const MIN_BIN_MS = 250;

/** All tokens of all answers per second, over the time in which requests ran; faults are marked. */
export function plotThroughput({requests, events}: Pick<Report, 'requests' | 'events'>): Plot {
  const tokenAtMs = requests.flatMap((request) => request.tokenAtMs);
  const endMs = requests.reduce((last, request) => Math.max(last, request.endedAtMs), 0);
  const beginMs = requests.reduce((first, request) => Math.min(first, request.askedAtMs), endMs);
  const binMs = Math.max(MIN_BIN_MS, (endMs - beginMs) / BIN_COUNT);
  const tokens = Array.from({length: Math.floor((endMs - beginMs) / binMs) + 1}, () => 0);
  for (const atMs of tokenAtMs) {
    const bin = Math.floor((atMs - beginMs) / binMs);
    tokens[bin] = (tokens[bin] ?? 0) + 1;
  }
  return {
    title: 'Tokens per second, all answers together',
    xLabel: 'seconds since the run began',
    yLabel: 'tokens/s',
    x: tokens.map((_, bin) => (beginMs + (bin + 0.5) * binMs) / 1000),
    lines: [{label: 'tokens/s', y: tokens.map((inBin) => (inBin * 1000) / binMs)}],
    marks: events
      .filter(({kind}) => kind === 'fault')
      .map(({atMs, fault}) => ({x: atMs / 1000, label: String(fault)})),
  };
}

const PERCENTS = Array.from({length: 101}, (_, percent) => percent);

/** For each percentage: the latency that so many measurements do not exceed. */
export function plotLatencies({requests}: Pick<Report, 'requests'>): Plot {
  const firsts = requests.flatMap(({timeToFirstTokenMs}) => timeToFirstTokenMs ?? []);
  const gaps = requests.flatMap(({tokenAtMs}) =>
    tokenAtMs.slice(1).map((atMs, i) => atMs - (tokenAtMs[i] ?? atMs)),
  );
  const lineOf = (label: string, values: readonly number[]) => ({
    label,
    y: PERCENTS.map((percent) => (values.length === 0 ? null : percentile(values, percent))),
  });
  return {
    title: 'Latency percentiles',
    xLabel: 'percent of measurements at most this slow',
    yLabel: 'ms',
    x: PERCENTS,
    lines: [lineOf('first token, ms', firsts), lineOf('between tokens, ms', gaps)],
    marks: [],
  };
}
