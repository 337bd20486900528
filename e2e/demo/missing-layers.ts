/** The sentence for layers that nobody holds: `No tab holds layers 20–30 (10 layers in all): …`. */
export function missingLayersOf(
  missing: readonly {readonly startLayer: number; readonly endLayer: number}[],
): string {
  const ranges = missing.map(({startLayer, endLayer}) => `${startLayer}–${endLayer}`).join(', ');
  const layers = missing.reduce((sum, {startLayer, endLayer}) => sum + endLayer - startLayer, 0);
  return `No tab holds layers ${ranges} (${layers} layers in all): open more tabs, or tabs that can hold more`;
}
