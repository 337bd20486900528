/**
 * The least possible work, ms per token, of the busiest node when `sessions`
 * are split over pipelines that share no node: the lowest level at which there
 * is room for all.
 *
 * @param slowestStageMs per pipeline, the time of its slowest stage.
 */
export function leastBusiestWork(slowestStageMs: readonly number[], sessions: number): number {
  let low = 0;
  let high = Math.max(...slowestStageMs) * sessions;
  // Halved until nothing but rounding is left.
  for (let step = 0; step < 100; step += 1) {
    const level = (low + high) / 2;
    const room = slowestStageMs.reduce((sum, ms) => sum + Math.floor(level / ms + 1e-9), 0);
    if (room >= sessions) high = level;
    else low = level;
  }
  return high;
}
