/// <reference types="node" />
import {setPriority} from 'node:os';
import {parentPort} from 'node:worker_threads';
import type {AttackCounts} from './attack-plan.ts';
import type {AttackTarget} from './attack-target.ts';
import {runAttacks} from './run-attacks.ts';

/**
 * Attackers have machines of their own: here they get what the server and the honest leave of
 * this one. For Linux it is the priority of this thread.
 */
const NICE = 10;

type Question = {readonly target: AttackTarget; readonly counts: AttackCounts};

// A rejection ends the worker, and with it the question.
parentPort?.on('message', ({target, counts}: Question) => void answer(target, counts));

async function answer(target: AttackTarget, counts: AttackCounts): Promise<void> {
  setPriority(NICE);
  // Nobody ends it early but by ending the worker.
  const outcomes = await runAttacks(target, counts, {signal: new AbortController().signal});
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window: a port of Node.
  parentPort?.postMessage(outcomes);
}
