import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {ObservedStep} from '../measure/speed-meter.ts';
import type {ServedSession} from './served-session.ts';

/** A frame whose turn has not come, and how long it has been here, on the stopwatch. */
export type WaitingStep = {
  readonly frame: Frame;
  readonly receivedMs: number;
  readonly queuedMs: number;
};

/** One that has run. */
export type RanStep = WaitingStep & {readonly startedMs: number; readonly ranMs: number};

/** What a step took, piece by piece; its session remembers it for the client. */
export function timeStep(session: ServedSession, step: RanStep, sentMs: number): ObservedStep {
  const {frame, receivedMs, queuedMs, startedMs, ranMs} = step;
  const {range, isTail, times} = session;
  const runMs = ranMs - startedMs;
  const overheadMs = queuedMs - receivedMs + (sentMs - ranMs);
  if (frame.tokenCount === 1) {
    times.add({serviceMs: runMs + overheadMs, waitMs: startedMs - queuedMs}, sentMs);
  }
  return {
    layers: range.endLayer - range.startLayer,
    tokenCount: frame.tokenCount,
    withHead: isTail && frame.sample,
    runMs,
    overheadMs,
  };
}
