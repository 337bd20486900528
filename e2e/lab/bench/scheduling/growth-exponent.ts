/**
 * How cost grows with size: the slope of a straight line through the points in
 * log-log, by least squares. 1 is linear; below, a fixed part dominates.
 */
export function growthExponent(points: readonly (readonly [size: number, cost: number])[]): number {
  const logs = points.map(([size, cost]) => ({x: Math.log(size), y: Math.log(cost)}));
  const meanX = logs.reduce((sum, {x}) => sum + x / logs.length, 0);
  const meanY = logs.reduce((sum, {y}) => sum + y / logs.length, 0);
  const covariance = logs.reduce((sum, {x, y}) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / logs.reduce((sum, {x}) => sum + (x - meanX) * (x - meanX), 0);
}
