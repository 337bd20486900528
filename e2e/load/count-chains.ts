import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';

/** How many chains that share no tab these ranges could serve: the copies of the rarest layer. */
export function countChains(
  {layerCount}: Pick<CutGrid, 'layerCount'>,
  ranges: readonly LayerRange[],
): number {
  const copies = Array.from(
    {length: layerCount},
    (_, layer) =>
      ranges.filter(({startLayer, endLayer}) => startLayer <= layer && layer < endLayer).length,
  );
  return Math.min(...copies);
}
