import {expect, test} from 'vitest';
import {formatByteRange, formatBytes, formatMemory} from './format-bytes.ts';
import {formatDuration} from './format-duration.ts';
import {formatEngine} from './format-engine.ts';
import {formatLayerList} from './format-layers.ts';

test('[PG15] bytes have two or three digits and a unit', () => {
  expect([0, 999, 1_840_000, 33_600_000, 9_960_000, 1_250_000_000].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.8 MB',
    '34 MB',
    '10 MB',
    '1.3 GB',
  ]);
  expect(formatByteRange(33_200_000, 63_300_000)).toBe('33–63 MB');
  expect(formatByteRange(900_000, 63_300_000)).toBe('900 kB–63 MB');
  expect(formatByteRange(96_500_000, 96_500_000)).toBe('97 MB');
  expect([893, 1024, 1390].map(formatMemory)).toEqual(['893 MB', '1.0 GB', '1.4 GB']);
});

test('[PG16] durations keep a readable number of digits', () => {
  expect([0.26, 9.94, 9.96, 240.4, 1_840, 125_000].map(formatDuration)).toEqual([
    '0.3 ms',
    '9.9 ms',
    '10 ms',
    '240 ms',
    '1.8 s',
    '2 min 5 s',
  ]);
});

test('[PG17] layers are named by their ends, engines by what they run on', () => {
  const ranges = [
    {startLayer: 0, endLayer: 10},
    {startLayer: 20, endLayer: 30},
  ];
  expect(formatLayerList(ranges)).toBe('0–10 and 20–30');
  expect(['wasm-f32', 'webgpu', 'stub', 'other'].map(formatEngine)).toEqual([
    'CPU',
    'GPU',
    'stand-in',
    'other',
  ]);
});
