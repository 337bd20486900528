import type {ModelSpec} from './model-spec.ts';

/** Whether attention of a layer sees the tokens of a window only. */
export function isWindowed({window}: Pick<ModelSpec, 'window'>, layer: number): boolean {
  return window !== undefined && !isLastOf(window.globalEvery, layer);
}

/**
 * Positions that a layer with a window remembers besides those of the window: an engine runs no longer piece
 * at once, and a session may go back so far.
 */
export const WINDOW_SPARE_TOKENS = 256;

/** How many positions a layer remembers at most: the last ones. */
export function mostKept(spec: Pick<ModelSpec, 'window'>, layer: number): number {
  return isWindowed(spec, layer) ? mostInWindow(spec) : Number.POSITIVE_INFINITY;
}

/** Of a layer with a window. */
export function mostInWindow({window}: Pick<ModelSpec, 'window'>): number {
  return window === undefined ? Number.POSITIVE_INFINITY : window.tokens + WINDOW_SPARE_TOKENS;
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
