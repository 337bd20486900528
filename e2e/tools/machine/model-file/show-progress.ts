/// <reference types="node" />

import {SingleBar} from 'cli-progress';

export interface ShowProgressOptions {
  readonly label: string;
  readonly totalBytes: number;
  /** A bar where there is a terminal, else a line for each tenth. */
  readonly isTerminal: boolean;
  readonly log: (line: string) => void;
}

export interface Progress {
  readonly update: (doneBytes: number) => void;
  readonly stop: () => void;
}

/** Shows on standard error, or through `log`, how far a long transfer is. */
export function showProgress(options: ShowProgressOptions): Progress {
  return options.isTerminal ? showBar(options) : showLines(options);
}

function showBar({label, totalBytes}: ShowProgressOptions): Progress {
  const bar = new SingleBar({
    format: `  ${label} {bar} {percentage} % of ${formatMegabytes(totalBytes)}, {eta_formatted} left`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    etaBuffer: 50,
  });
  let isStarted = false;
  return {
    update: (doneBytes) => {
      if (!isStarted) bar.start(totalBytes, doneBytes);
      isStarted = true;
      bar.update(Math.min(doneBytes, totalBytes));
    },
    stop: () => bar.stop(),
  };
}

function showLines({label, totalBytes, log}: ShowProgressOptions): Progress {
  let shownTenths: number | null = null;
  return {
    update: (doneBytes) => {
      const tenths = Math.min(10, Math.floor((10 * doneBytes) / totalBytes));
      if (tenths === (shownTenths ?? 0)) return;
      shownTenths = tenths;
      log(`  ${label} ${tenths * 10} % of ${formatMegabytes(totalBytes)}`);
    },
    stop: () => undefined,
  };
}

/** Decimal megabytes, as download pages and disks count. */
export function formatMegabytes(byteLength: number): string {
  return `${(byteLength / 1e6).toFixed(1)} MB`;
}
