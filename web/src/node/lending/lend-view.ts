import type {Attempt, Held, Status} from '#shared/session/hold-layers/volunteer-state.ts';
import type {LendState, LoadStep} from '../../ports/lend-service.ts';

type Serving = Extract<LendState, {readonly kind: 'serving'}>;

/** What a person sees beside the status of the volunteer. */
export type LendFigures = {
  readonly progress: LoadStep | null;
  readonly openSessions: number;
  readonly serving: () => Omit<Serving, 'kind' | 'layers' | 'why'>;
};

const NOTHING_LOADED: LoadStep = {step: 'weights', done: 0, total: 0};
const RESTARTED =
  'The engine of this tab stopped and was started again. If that happens often, lend less, or close other tabs and programs.';
const LOOKING: LendState = {kind: 'waiting', why: 'it looks for other tabs'};

/** What the page shows of a status; `null` for one that shows nothing of its own. */
export function lendView(status: Status, figures: LendFigures): LendState | null {
  if ('attempt' in status) return viewOnTheWay(status, figures);
  switch (status.kind) {
    case 'introducing':
    case 'looking-around':
      return LOOKING;
    case 'waiting':
    case 'spare':
    case 'failed':
      return status;
    case 'restarting':
      return {...status, note: RESTARTED};
    case 'serving':
      return viewServing(status.held, figures);
    case 'leaving': {
      const {openSessions} = figures;
      return status.held && {kind: 'leaving', layers: status.held.shard, openSessions};
    }
    case 'left':
      return null;
  }
}

function viewOnTheWay(
  {kind, attempt}: Extract<Status, {readonly attempt: Attempt}>,
  figures: LendFigures,
): LendState {
  const {claim: layers, why, before} = attempt;
  switch (kind) {
    case 'claiming':
    case 'settling':
      return {kind: 'claiming', layers, why};
    case 'loading':
    case 'loaded':
      return {kind: 'loading', layers, why, ...(figures.progress ?? NOTHING_LOADED)};
    case 'draining': {
      const waits = 'answers that run here end before it serves other layers';
      return viewServing({shard: before?.shard ?? layers, why: waits}, figures);
    }
  }
}

function viewServing({shard: layers, why}: Held, figures: LendFigures): LendState {
  return {kind: 'serving', layers, why, ...figures.serving()};
}
