import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {canonicalJson} from './canonical-json.ts';

test('[MD1] keys are sorted at every depth and nothing is padded', () => {
  const value = {b: [1, {z: null, a: 'é"'}], B: 1e21, a: {d: false, c: -0.5}, 10: 1, 9: 2};
  expect(canonicalJson(value)).toBe(
    '{"10":1,"9":2,"B":1e+21,"a":{"c":-0.5,"d":false},"b":[1,{"a":"é\\"","z":null}]}',
  );
});

test('[MD1] the text does not depend on the order of insertion, and parses to the same value', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).toReversed());
      const text = canonicalJson(asJson(value));
      expect(canonicalJson(asJson(reversed))).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('[MD1] a number that JSON does not have is refused', () => {
  expect(() => canonicalJson({a: Number.NaN})).toThrow(RangeError);
  expect(() => canonicalJson([Number.POSITIVE_INFINITY])).toThrow(RangeError);
});

function asJson(value: unknown): Parameters<typeof canonicalJson>[0] {
  return JSON.parse(JSON.stringify(value));
}
