import type {ObservedStep} from '../measure/speed-meter.ts';
import type {RanTurn} from './hop-turns.ts';
import type {SessionTimes} from './session-times.ts';

/** When a frame came and when it was in the queue, on the stopwatch. */
export type Arrival = {readonly receivedMs: number; readonly queuedMs: number};

/** What a turn took, piece by piece; its session remembers it for the client. */
export function timeTurn(
  {turn, startedMs, ranMs, sessions}: RanTurn,
  {
    arrival: {receivedMs, queuedMs},
    times,
    sentMs,
  }: {readonly arrival: Arrival; readonly times: SessionTimes; readonly sentMs: number},
): ObservedStep {
  const {place, frame, output} = turn;
  const runMs = ranMs - startedMs;
  const overheadMs = queuedMs - receivedMs + (sentMs - ranMs);
  if (frame.tokenCount === 1) {
    times.add({serviceMs: runMs + overheadMs, waitMs: startedMs - queuedMs, sessions}, sentMs);
  }
  return {
    layers: place.range.endLayer - place.range.startLayer,
    tokenCount: frame.tokenCount,
    withLmHead: output === 'logits',
    sessions,
    runMs,
    overheadMs,
  };
}
