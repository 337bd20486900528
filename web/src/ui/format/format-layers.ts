type Layers = {readonly startLayer: number; readonly endLayer: number};

/** `10–20`: half-open, as everywhere in Weft, so that neighbouring ranges share their number. */
export function formatLayers({startLayer, endLayer}: Layers): string {
  return `${startLayer}–${endLayer}`;
}

/** `0–10 and 20–30`. */
export function formatLayerList(ranges: readonly Layers[], lang = 'en'): string {
  return new Intl.ListFormat(lang).format(ranges.map(formatLayers));
}
