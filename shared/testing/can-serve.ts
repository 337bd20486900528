import type {CutGrid} from '../model/cut-grid.ts';
import {doesFit, shardOf} from '../scheduling/allocation/fitting-range.ts';
import type {CapacityLayers} from '../scheduling/swarm-snapshot.ts';

/** Whether some of the nodes, in some order, can hold the model together: tries all. For small pools. */
export function canServe(grid: CutGrid, capacities: readonly CapacityLayers[]): boolean {
  const canGoOn = (startLayer: number, left: readonly CapacityLayers[]): boolean =>
    startLayer === grid.layerCount ||
    endsAfter(grid, startLayer).some((endLayer) =>
      left.some(
        (capacity, at) =>
          doesFit(capacity, shardOf(grid, startLayer, endLayer)) &&
          canGoOn(
            endLayer,
            left.filter((_, other) => other !== at),
          ),
      ),
    );
  return canGoOn(0, capacities);
}

function endsAfter({layerCount, cutEvery}: CutGrid, startLayer: number): readonly number[] {
  const cells = Math.ceil((layerCount - startLayer) / cutEvery);
  return Array.from({length: cells}, (_, cell) =>
    Math.min(startLayer + (cell + 1) * cutEvery, layerCount),
  );
}
