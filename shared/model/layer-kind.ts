import type {ModelSpec} from './model-spec.ts';

/** Whether attention of a layer sees the tokens of a window only. */
export function isWindowed({window}: Pick<ModelSpec, 'window'>, layer: number): boolean {
  return window !== undefined && !isLastOf(window.globalEvery, layer);
}

/** Which table turns the positions of a layer: the model's, that of the layers with a window, or none. */
export function rotationOf(
  spec: Pick<ModelSpec, 'window' | 'noRopeEvery'>,
  layer: number,
): 'model' | 'window' | 'none' {
  if (isLastOf(spec.noRopeEvery, layer)) return 'none';
  return isWindowed(spec, layer) && spec.window?.ropeBase !== undefined ? 'window' : 'model';
}

function isLastOf(every: number | undefined, layer: number): boolean {
  return every !== undefined && (layer + 1) % every === 0;
}
