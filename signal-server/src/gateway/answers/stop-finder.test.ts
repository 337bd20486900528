import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {StopFinder} from './stop-finder.ts';

/** What is shown of a text that comes in these pieces. */
function shownOf(pieces: readonly string[], stops: readonly string[]): string {
  const finder = new StopFinder(stops);
  let shown = '';
  for (const piece of pieces) {
    const {text, isStopped} = finder.push(piece);
    shown += text;
    if (isStopped) return shown;
  }
  return shown + finder.end();
}

test('[GW6] what may be the beginning of a stop is held back, and shown when it was none', () => {
  const finder = new StopFinder(['END', 'Nobody']);
  expect(finder.push('The E')).toEqual({text: 'The ', isStopped: false});
  expect(finder.push('N')).toEqual({text: '', isStopped: false});
  expect(finder.push('o')).toEqual({text: 'E', isStopped: false});
  expect(finder.push(' E')).toEqual({text: 'No ', isStopped: false});
  expect(finder.push('ND of it')).toEqual({text: '', isStopped: true});
});

test('[GW6] a text ends before the stop that is complete first, however it is cut', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'é', '🧵', ' ')).map((all) => all.join(''));
  const stop = fc
    .array(fc.constantFrom('a', 'b', 'é', '🧵'), {minLength: 1, maxLength: 4})
    .map((all) => all.join(''));
  fc.assert(
    fc.property(
      text,
      fc.array(stop, {maxLength: 3}),
      fc.array(fc.nat(30)),
      (whole, stops, cutAt) => {
        const cuts = [0, ...cutAt.map((at) => Math.min(at, whole.length)), whole.length].toSorted(
          (one, other) => one - other,
        );
        const pieces = cuts.slice(1).map((end, at) => whole.slice(cuts[at], end));
        const found = stops
          .map((each) => ({at: whole.indexOf(each), each}))
          .filter(({at}) => at !== -1)
          .map(({at, each}) => ({at, end: at + each.length}));
        const end = Math.min(...found.map((each) => each.end));
        const at = Math.min(...found.filter((each) => each.end === end).map((each) => each.at));
        expect(shownOf(pieces, stops)).toBe(whole.slice(0, at));
      },
    ),
  );
});
