import {unreachable} from '../base/assert.ts';
import type {RefusalCode} from '../protocol/control/refusal-code.ts';

/** One answer as one hop sees it. Data lives on the state that owns it. */
export type HopState =
  | {
      readonly kind: 'open';
      readonly epoch: number;
      readonly kvTokensReserved: number;
      readonly nextPosition: number;
    }
  | {readonly kind: 'closed'};

export type HopEvent =
  | {
      readonly kind: 'frame';
      readonly epoch: number;
      readonly position: number;
      readonly tokenCount: number;
    }
  /** A new chain takes over at `position`: replay today, speculation tomorrow. */
  | {readonly kind: 'truncate'; readonly epoch: number; readonly position: number}
  | {readonly kind: 'close'};

export type HopAction =
  | {readonly kind: 'run-layers'; readonly position: number; readonly tokenCount: number}
  | {readonly kind: 'refuse'; readonly code: RefusalCode}
  | {readonly kind: 'truncate-kv'; readonly position: number}
  | {readonly kind: 'free-kv'};

type Step = {readonly state: HopState; readonly actions: readonly HopAction[]};

/**
 * The next state and what to do about it. Pure: no clock, no socket, no GPU.
 *
 * open ──frame | truncate──▶ open ──close──▶ closed
 *
 * A frame of a lower epoch was under way when the chain changed: it is dropped
 * without a word and never held against its sender.
 */
export function stepHop(state: HopState, event: HopEvent): Step {
  if (state.kind === 'closed') {
    return {state, actions: event.kind === 'frame' ? [refuse('UNKNOWN_SESSION')] : []};
  }
  switch (event.kind) {
    case 'frame':
      return stepFrame(state, event);
    case 'truncate': {
      const {epoch, position} = event;
      if (epoch <= state.epoch) return {state, actions: []};
      if (position > state.nextPosition) return {state, actions: [refuse('OUT_OF_ORDER')]};
      return {
        state: {...state, epoch, nextPosition: position},
        actions: [{kind: 'truncate-kv', position}],
      };
    }
    case 'close':
      return {state: {kind: 'closed'}, actions: [{kind: 'free-kv'}]};
    default:
      return unreachable(event);
  }
}

function stepFrame(
  state: Extract<HopState, {kind: 'open'}>,
  {epoch, position, tokenCount}: Extract<HopEvent, {kind: 'frame'}>,
): Step {
  if (epoch < state.epoch) return {state, actions: []};
  if (epoch > state.epoch || position !== state.nextPosition) {
    return {state, actions: [refuse('OUT_OF_ORDER')]};
  }
  const nextPosition = position + tokenCount;
  if (nextPosition > state.kvTokensReserved) return {state, actions: [refuse('KV_FULL')]};
  return {state: {...state, nextPosition}, actions: [{kind: 'run-layers', position, tokenCount}]};
}

function refuse(code: RefusalCode): HopAction {
  return {kind: 'refuse', code};
}
