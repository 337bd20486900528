/** Bytes for people, in decimal units: `34 MB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 1e6) return `${atMostOneDigit(bytes / 1e3)} kB`;
  if (bytes < 1e9) return `${atMostOneDigit(bytes / 1e6)} MB`;
  return `${atMostOneDigit(bytes / 1e9)} GB`;
}

/** `33–63 MB`, or one figure where both ends read the same. */
export function formatByteRange(minBytes: number, maxBytes: number): string {
  const [min, max] = [formatBytes(minBytes), formatBytes(maxBytes)];
  if (min === max) return max;
  const [minFigure, minUnit] = min.split(' ');
  return minUnit === max.split(' ')[1] ? `${minFigure ?? ''}–${max}` : `${min}–${max}`;
}

/** Memory in the binary units that people know it by. */
export function formatMemory(memoryMiB: number): string {
  return memoryMiB < 1000 ? `${memoryMiB} MB` : `${(memoryMiB / 1024).toFixed(1)} GB`;
}

function atMostOneDigit(value: number): string {
  return value < 9.95 ? value.toFixed(1) : value.toFixed(0);
}
