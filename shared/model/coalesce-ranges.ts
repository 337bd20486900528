/** Bytes `[startByte, endByte)` of a file. */
export type ByteRange = {readonly startByte: number; readonly endByte: number};

/** Where a tensor lies: any part of a manifest's entry. */
export type TensorPlace = {readonly offsetBytes: number; readonly byteLength: number};

/**
 * The reads that cover all places: those at most `maxGapBytes` apart are joined
 * until a read would exceed `maxRangeBytes`. Sorted and disjoint, as long as no two
 * places overlap; a single place is never cut, even when it is longer.
 */
export function coalesceRanges(
  places: readonly TensorPlace[],
  limits: {readonly maxGapBytes: number; readonly maxRangeBytes: number},
): readonly ByteRange[] {
  const ranges: ByteRange[] = [];
  for (const place of places.toSorted((a, b) => a.offsetBytes - b.offsetBytes)) {
    const startByte = place.offsetBytes;
    const endByte = startByte + place.byteLength;
    const last = ranges.at(-1);
    const isNear = last && startByte - last.endByte <= limits.maxGapBytes;
    if (isNear && endByte - last.startByte <= limits.maxRangeBytes) {
      ranges[ranges.length - 1] = {startByte: last.startByte, endByte};
    } else {
      ranges.push({startByte, endByte});
    }
  }
  return ranges;
}
