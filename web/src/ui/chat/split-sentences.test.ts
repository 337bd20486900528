import {expect, test} from 'vitest';
import {splitSentences} from './split-sentences.ts';

const TEXT = 'Paris is in France. It lies on the Seine!\n\nWas that asked? Yes';

test('[PG18] says a sentence when the next one has begun, and the rest at the end', () => {
  expect(splitSentences(TEXT, {isComplete: false})).toEqual([
    'Paris is in France.',
    'It lies on the Seine!',
    'Was that asked?',
  ]);
  expect(splitSentences(TEXT, {isComplete: true}).at(-1)).toBe('Yes');
});

test('[PG19] says nothing twice while the text grows by letters', () => {
  let known: readonly string[] = [];
  for (let length = 0; length <= TEXT.length; length += 1) {
    const now = splitSentences(TEXT.slice(0, length), {isComplete: false});
    expect(now.slice(0, known.length)).toEqual(known);
    known = now;
  }
});
