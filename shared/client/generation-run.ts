import type {
  GenerationAction,
  GenerationStep,
} from '#shared/session/generation/state/generation-action.ts';
import type {SeenEvent} from '#shared/session/generation/state/generation-event.ts';
import {
  isOver,
  wakeAtMs,
  type GenerationState,
} from '#shared/session/generation/state/generation-state.ts';
import type {GenerationTask} from '#shared/session/generation/state/generation-task.ts';
import {startGeneration, stepGeneration} from '#shared/session/generation/step-generation.ts';

/** Time as a driver has it: the browser's, or virtual. */
export type RunClock = {
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Calls `run` after that long. @returns how to prevent it. */
  readonly after: (delayMs: number, run: () => void) => () => void;
};

export type GenerationRunOptions = {
  readonly task: GenerationTask;
  readonly clock: RunClock;
  /** Does what the machine says; may tell it at once what came of it. */
  readonly act: (action: GenerationAction) => void;
  /** Nothing can happen any more; called once, after the last action. */
  readonly onOver: () => void;
};

/**
 * The machine of one answer in motion: events go in one after the other, also those that an
 * action brings about at once, and the machine hears of the time when it wants to.
 */
export class GenerationRun {
  readonly #options: GenerationRunOptions;
  readonly #seen: SeenEvent[] = [];
  readonly #first: GenerationStep;
  #state: GenerationState;
  #isStepping = false;
  #wake: {readonly atMs: number; readonly cancel: () => void} | null = null;

  constructor(options: GenerationRunOptions) {
    this.#options = options;
    this.#first = startGeneration(options.task);
    this.#state = this.#first.state;
  }

  get state(): GenerationState {
    return this.#state;
  }

  start(): void {
    this.#isStepping = true;
    for (const action of this.#first.actions) this.#options.act(action);
    this.#stepAll();
  }

  /** Something was seen. It has its effect before this returns, unless it comes from within an action. */
  take(event: SeenEvent): void {
    this.#seen.push(event);
    if (!this.#isStepping) this.#stepAll();
  }

  #stepAll(): void {
    const {clock, act, onOver} = this.#options;
    const wasOver = isOver(this.#state);
    this.#isStepping = true;
    for (let seen = this.#seen.shift(); seen !== undefined; seen = this.#seen.shift()) {
      const step = stepGeneration(this.#state, {...seen, nowMs: clock.nowMs()});
      this.#state = step.state;
      for (const action of step.actions) act(action);
    }
    this.#isStepping = false;
    this.#arm();
    if (!wasOver && isOver(this.#state)) onOver();
  }

  /** One timer: where the machine wants to be woken later than it rings, it is set again then. */
  #arm(): void {
    const {clock} = this.#options;
    const atMs = wakeAtMs(this.#state);
    if (this.#wake !== null && atMs !== null && this.#wake.atMs <= atMs) return;
    this.#wake?.cancel();
    this.#wake = null;
    if (atMs === null) return;
    const cancel = clock.after(Math.max(0, atMs - clock.nowMs()), () => {
      this.#wake = null;
      this.take({kind: 'tick'});
    });
    this.#wake = {atMs, cancel};
  }
}
