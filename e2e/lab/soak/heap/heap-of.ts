/// <reference types="node" />
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import * as z from 'zod';

/** What a process has to be started with whose heap is asked for. */
export const REPORTS_HEAP: readonly string[] = [
  '--expose-gc',
  '--import',
  new URL('report-heap.ts', import.meta.url).href,
];

/** Bytes that a process started with `REPORTS_HEAP` uses when nothing more can be collected. Takes two seconds. */
export async function heapOf(child: ChildProcess): Promise<number> {
  const reported = once(child, 'message');
  child.send('heap');
  const [bytes] = z
    .tuple([z.number()])
    .rest(z.unknown())
    .parse(await reported);
  return bytes;
}
