import type {LendState} from '../../ports/lend-service.ts';
import {formatBytes} from '../format/format-bytes.ts';
import {formatLayers} from '../format/format-layers.ts';

export type StepView = {
  readonly title: string;
  readonly state: 'done' | 'current' | 'ahead';
  readonly detail: string;
  /** How far the step is; `null` if unknown. */
  readonly progress: {readonly done: number; readonly total: number} | null;
};

const TITLES = ['Join the swarm', 'Choose layers', 'Download', 'Build', 'Test', 'Serve'] as const;

const LOADING_STEPS = {weights: 2, graph: 3, 'warm-up': 4} as const;

type Loading = Extract<LendState, {kind: 'loading'}>;

/** How far each part of loading is: the first cells are built while the next ones come. */
export type LoadingParts = Partial<Readonly<Record<Loading['step'], Loading>>>;

/** What is known of loading after one more state; nothing once the tab does something else. */
export function loadingPartsAfter(parts: LoadingParts, state: LendState): LoadingParts {
  return state.kind === 'loading' ? {...parts, [state.step]: state} : {};
}

/** The way from the button to serving, and where on it the tab is. */
export function stepsOf(state: LendState, parts: LoadingParts): readonly StepView[] {
  const now = indexOf(state);
  const unfinished = Object.values(parts).filter(({done, total}) => done < total);
  const busy = new Map([...unfinished, state].map((part) => [indexOf(part), part]));
  return TITLES.map((title, i): StepView => {
    const part = busy.get(i);
    if (part === undefined) {
      return {title, state: i < now ? 'done' : 'ahead', detail: '', progress: null};
    }
    return {title, state: 'current', detail: detailOf(part), progress: progressOf(part)};
  });
}

function indexOf(state: LendState): number {
  switch (state.kind) {
    case 'idle':
    case 'failed':
      return -1;
    case 'joining':
      return 0;
    case 'waiting':
    case 'spare':
    case 'restarting':
    case 'claiming':
      return 1;
    case 'loading':
      return LOADING_STEPS[state.step];
    case 'serving':
    case 'leaving':
      return TITLES.length - 1;
  }
}

function detailOf(state: LendState): string {
  switch (state.kind) {
    case 'waiting':
      return `Waits: ${state.why}`;
    case 'spare':
      return `Ready, but without layers: ${state.why}`;
    case 'restarting':
      return 'Starts the engine again';
    case 'claiming':
      return `Claims layers ${formatLayers(state.layers)} because ${state.why}`;
    case 'serving':
      return `Layers ${formatLayers(state.layers)}, chosen because ${state.why}`;
    case 'leaving':
      return `Takes nothing more on, finishes ${answerCount(state.openSessions)}`;
    case 'loading':
      return `Layers ${formatLayers(state.layers)}: ${amountOf(state)}`;
    case 'idle':
    case 'joining':
    case 'failed':
      return '';
  }
}

function amountOf({step, done, total}: Loading): string {
  if (total === 0) return 'begins';
  if (step === 'weights') return `${formatBytes(done)} of ${formatBytes(total)}`;
  return `${done} of ${total}`;
}

function answerCount(count: number): string {
  return count === 1 ? '1 answer that runs here' : `${count} answers that run here`;
}

function progressOf(state: LendState): StepView['progress'] {
  if (state.kind !== 'loading' || state.total === 0) return null;
  return {done: state.done, total: state.total};
}
