import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';

type Layers = Pick<CutGrid, 'layerCount'>;

/** How many chains that share no tab these ranges could serve: the copies of the rarest layer. */
export function countChains(model: Layers, ranges: readonly LayerRange[]): number {
  return Math.min(...copiesOf(model, ranges));
}

/** How many layers are in none of these ranges. */
export function countUnservedLayers(model: Layers, ranges: readonly LayerRange[]): number {
  return copiesOf(model, ranges).filter((copies) => copies === 0).length;
}

function copiesOf({layerCount}: Layers, ranges: readonly LayerRange[]): readonly number[] {
  return Array.from(
    {length: layerCount},
    (_, layer) =>
      ranges.filter(({startLayer, endLayer}) => startLayer <= layer && layer < endLayer).length,
  );
}
