import type {LendState} from '../../ports/lend-service.ts';

/** What a lending tab does, and with which layers: changes with the state, not with its figures. */
export function lendPhase(state: LendState): string {
  const layers = 'layers' in state ? `${state.layers.startLayer}-${state.layers.endLayer}` : '';
  return `${state.kind} ${layers}`;
}
