/// <reference types="node" />
import {parentPort} from 'node:worker_threads';
import type {AblationCell} from './ablation-cell.ts';
import {runAblationCell} from './run-ablation-cell.ts';

// One world after the other, as the main thread hands them over.
parentPort?.on('message', (cell: AblationCell) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window: a port of Node.
  parentPort?.postMessage(runAblationCell(cell));
});
