/** The runs of layers for which `matches` holds. */
export function runsOfLayers(
  layerCount: number,
  matches: (layer: number) => boolean,
): readonly {readonly startLayer: number; readonly endLayer: number}[] {
  const ranges: {startLayer: number; endLayer: number}[] = [];
  for (let layer = 0; layer < layerCount; layer += 1) {
    if (!matches(layer)) continue;
    const last = ranges.at(-1);
    if (last?.endLayer === layer) last.endLayer = layer + 1;
    else ranges.push({startLayer: layer, endLayer: layer + 1});
  }
  return ranges;
}
