import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import shipped from '../../../public/catalog/smollm2-135m-instruct.manifest.json' with {type: 'json'};
import {type TensorPlace, coalesceRanges} from '../coalesce-ranges.ts';
import {cellsOf} from '../cut-grid.ts';
import {parseManifest} from './parse-manifest.ts';
import {
  sumByteLength,
  tensorsOfCell,
  tensorsOfEmbedding,
  tensorsOfLmHead,
  tensorsOfShard,
} from './shard-tensors.ts';

const manifest = parseManifest(shipped);
const grid = {layerCount: manifest.spec.layerCount, cutEvery: manifest.cutEvery};
const all = {startLayer: 0, endLayer: 30};

test('[MD5] the cells, the embedding and the head have every tensor; only the tied matrix twice', () => {
  const parts = [
    ...cellsOf(grid, all).flatMap((cell) => tensorsOfCell(manifest, cell)),
    ...tensorsOfEmbedding(manifest),
    ...tensorsOfLmHead(manifest),
  ];
  expect(new Set(parts)).toEqual(new Set(manifest.tensors));
  expect(parts).toHaveLength(manifest.tensors.length + 1);
});

test('[MD5] a middle shard fetches its layers and nothing else', () => {
  const range = {startLayer: 10, endLayer: 20};
  const tensors = tensorsOfShard(manifest, {range, embedding: false, lmHead: false});
  expect(tensors.map((tensor) => /^blk\.(\d+)\./u.exec(tensor.name)?.[1])).toEqual(
    Array.from({length: 90}, (_, index) => String(10 + Math.floor(index / 9))),
  );
  expect(sumByteLength(tensors)).toBe(22_164_480);
});

test('[MD5] a shard that is head and tail fetches the tied matrix once', () => {
  const tensors = tensorsOfShard(manifest, {range: all, embedding: true, lmHead: true});
  expect(new Set(tensors)).toEqual(new Set(manifest.tensors));
  expect(sumByteLength(tensors)).toBe(manifest.file.byteLength - manifest.header.byteLength);
});

test('[MD5] the layers of a cell lie together: one read', () => {
  const cell = tensorsOfCell(manifest, {startLayer: 5, endLayer: 10});
  const ranges = coalesceRanges(cell, {maxGapBytes: 0, maxRangeBytes: Number.MAX_SAFE_INTEGER});
  expect(ranges).toHaveLength(1);
});

test('[MD5] reads cover every place, keep to the limits and are disjoint', () => {
  const gapsAndLengths = fc.array(fc.tuple(fc.nat({max: 50}), fc.integer({min: 1, max: 50})));
  const limits = fc.record({maxGapBytes: fc.nat({max: 30}), maxRangeBytes: fc.nat({max: 200})});
  fc.assert(
    fc.property(gapsAndLengths, limits, (list, limit) => {
      let end = 0;
      const places = list.map(([gap, byteLength]) => {
        const place = {offsetBytes: end + gap, byteLength};
        end += gap + byteLength;
        return place;
      });
      const ranges = coalesceRanges(places.toReversed(), limit);
      for (const {offsetBytes, byteLength} of places) {
        const holders = ranges.filter(
          ({startByte, endByte}) => startByte <= offsetBytes && offsetBytes + byteLength <= endByte,
        );
        expect(holders).toHaveLength(1);
      }
      for (const {startByte, endByte} of ranges) {
        const inside = places.filter(
          ({offsetBytes}) => startByte <= offsetBytes && offsetBytes < endByte,
        );
        const isWithinLimit = endByte - startByte <= limit.maxRangeBytes;
        expect(isWithinLimit || inside.length === 1).toBe(true);
        const gaps = inside.slice(1).map((place, at) => place.offsetBytes - endOf(inside[at]));
        expect(gaps.filter((gap) => gap > limit.maxGapBytes)).toEqual([]);
        const next = places.find(({offsetBytes}) => offsetBytes >= endByte);
        const couldJoin =
          next !== undefined &&
          next.offsetBytes - endByte <= limit.maxGapBytes &&
          endOf(next) - startByte <= limit.maxRangeBytes;
        expect(couldJoin).toBe(false);
      }
    }),
  );
});

function endOf(place: TensorPlace | undefined): number {
  return place ? place.offsetBytes + place.byteLength : 0;
}
