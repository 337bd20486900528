/// <reference types="node" />
import {Worker} from 'node:worker_threads';
import {askWorker} from '../../bench/ask-worker.ts';
import type {Soak} from '../soak.ts';

/** A long run of `VIRTUAL_SOAKS` in a thread of its own, so that Ctrl-C ends it. */
export function soakInWorker(name: string): Soak {
  return async (context, options) => {
    const worker = new Worker(new URL('soak-worker.ts', import.meta.url));
    try {
      return await askWorker(worker, {name, context}, options);
    } finally {
      await worker.terminate();
    }
  };
}
