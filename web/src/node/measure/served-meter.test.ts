import {expect, test} from 'vitest';
import {ServedMeter} from './served-meter.ts';

const MINUTE_MS = 60_000;

test('[LQ1] counts answers of the last hour and tokens of the last ten seconds, and forgets those before', () => {
  const meter = new ServedMeter();
  expect(meter.read(0)).toBeNull();
  for (let token = 0; token < 5; token += 1) meter.sampled({isFirst: token === 0}, 1_000);
  meter.sampled({isFirst: true}, 2_000);
  expect(meter.read(2_000)).toEqual({answersLastHour: 2, tokensPerSec: 0.6});
  expect(meter.read(10_999)).toEqual({answersLastHour: 2, tokensPerSec: 0.6});
  expect(meter.read(11_000)).toEqual({answersLastHour: 2, tokensPerSec: 0.1});
  expect(meter.read(59 * MINUTE_MS)).toEqual({answersLastHour: 2, tokensPerSec: 0});
  expect(meter.read(60 * MINUTE_MS)).toBeNull();
});
