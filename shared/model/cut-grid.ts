import type {LayerRange} from './layer-range.ts';

/** What placement must know of a model's grid: the boundaries are 0, c, 2c, …, layerCount. */
export type CutGrid = {readonly layerCount: number; readonly cutEvery: number};

/** Whether a range or a chain may be cut in front of `layer`. */
export function isBoundary(grid: CutGrid, layer: number): boolean {
  if (!Number.isInteger(layer) || layer < 0 || layer > grid.layerCount) return false;
  return layer % grid.cutEvery === 0 || layer === grid.layerCount;
}

/** Whether `range` lies inside the model and both of its ends are boundaries. */
export function isOnGrid(grid: CutGrid, range: LayerRange): boolean {
  return (
    range.startLayer < range.endLayer &&
    isBoundary(grid, range.startLayer) &&
    isBoundary(grid, range.endLayer)
  );
}

/** The cells of a range that is on the grid, in layer order. */
export function cellsOf(grid: CutGrid, range: LayerRange): readonly LayerRange[] {
  const cells: LayerRange[] = [];
  for (let startLayer = range.startLayer; startLayer < range.endLayer;) {
    const endLayer = Math.min(startLayer + grid.cutEvery, range.endLayer);
    cells.push({startLayer, endLayer});
    startLayer = endLayer;
  }
  return cells;
}
