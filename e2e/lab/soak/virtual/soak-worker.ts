/// <reference types="node" />
import {parentPort} from 'node:worker_threads';
import type {SoakContext} from '../soak.ts';
import {VIRTUAL_SOAKS} from './virtual-soaks.ts';

type Question = {readonly name: string; readonly context: SoakContext};

// A rejection ends the worker, and with it the question.
parentPort?.on('message', ({name, context}: Question) => void answer(name, context));

async function answer(name: string, context: SoakContext): Promise<void> {
  const run = await VIRTUAL_SOAKS[name]?.load();
  // Nothing here waits: to stop it, the worker is ended.
  const result = await run?.(context, {signal: new AbortController().signal});
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window: a port of Node.
  parentPort?.postMessage(result);
}
