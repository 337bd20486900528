import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {LendState} from '../../../web/src/ports/lend-service.ts';
import {countChains} from './count-chains.ts';
import type {TabGroup} from './scenario.ts';

export type CoveredTab = {
  readonly state: LendState;
  readonly isOpen: boolean;
  readonly group: Pick<TabGroup, 'maxLayers'>;
};

/** What is served now. */
export function heldLayers(
  tabs: readonly Pick<CoveredTab, 'state' | 'isOpen'>[],
): readonly LayerRange[] {
  return tabs.flatMap(({state, isOpen}) =>
    isOpen && state.kind === 'serving' ? [state.layers] : [],
  );
}

/**
 * Whether enough chains are there: not yet; or never, because the tabs have
 * taken what they will and cannot hold so many layers.
 */
export function judgeCoverage(input: {
  readonly tabs: readonly CoveredTab[];
  readonly grid: CutGrid;
  readonly wantedChains: number;
}): 'covered' | 'not-yet' | 'never' {
  const {tabs, grid, wantedChains} = input;
  const held = heldLayers(tabs);
  if (countChains(grid, held) >= wantedChains) return 'covered';
  const isSettled = tabs.every(({state}) => ['serving', 'spare', 'failed'].includes(state.kind));
  const capacity = tabs.reduce(
    (sum, {state, group}) =>
      sum + (state.kind === 'failed' ? 0 : (group.maxLayers ?? grid.layerCount)),
    0,
  );
  return isSettled && capacity < wantedChains * grid.layerCount ? 'never' : 'not-yet';
}
