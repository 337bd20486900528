import {expect, test} from 'vitest';
import {SpokenSentences, type Announcement} from './spoken-sentences.ts';

const TEXT = 'Paris is in France. It lies on the Seine!\n\nWas that asked? Yes';

/** What is spoken of an answer that comes in pieces, each with all that is there after it. */
function feed(answer: string, pieceCharacters: number): readonly (readonly Announcement[])[] {
  const spoken = new SpokenSentences();
  const steps: (readonly Announcement[])[] = [];
  for (let end = pieceCharacters; end < answer.length + pieceCharacters; end += pieceCharacters) {
    steps.push(spoken.update(answer.slice(0, end), {isComplete: false}));
  }
  return [...steps, spoken.update(answer, {isComplete: true})];
}

/** Each announcement once. */
const allOf = (steps: readonly (readonly Announcement[])[]): readonly string[] => [
  ...new Map(steps.flat().map(({id, text}) => [id, text])).values(),
];

test('[PG18] says a sentence when the next one has begun, and the rest at the end', () => {
  const steps = feed(TEXT, 1);
  expect(steps.at(-2)?.map(({text}) => text)).toEqual([
    'Paris is in France.',
    'It lies on the Seine!',
    'Was that asked?',
  ]);
  expect(steps.at(-1)?.at(-1)?.text).toBe('Yes');
});

test('[PG19] says nothing twice while the text grows, and all of it', () => {
  for (const pieceCharacters of [1, 3, 20, 100]) {
    const spokenTexts = allOf(feed(TEXT, pieceCharacters)).join(' ');
    expect(spokenTexts.replaceAll(/\s+/gu, ' ')).toBe(TEXT.replaceAll(/\s+/gu, ' '));
  }
});

test('[PG19] another answer is announced from its beginning', () => {
  const spoken = new SpokenSentences();
  spoken.update('One. Two. ', {isComplete: true});
  const [first, ...more] = spoken.update('Three. Four', {isComplete: false});
  expect([first?.text, more]).toEqual(['Three.', []]);
});

test.each([
  ['short sentences', 'A. '],
  ['no sentence at all', 'word '],
])('[PG60] of %s few are there at once, and all are spoken', (_, unit) => {
  const answer = unit.repeat(2_000);
  const steps = feed(answer, unit.length);
  expect(Math.max(...steps.map(({length}) => length))).toBeLessThanOrEqual(100);
  const spokenTexts = allOf(steps);
  expect(spokenTexts.join(' ')).toBe(answer.trim());
  expect(Math.max(...spokenTexts.map(({length}) => length))).toBeLessThanOrEqual(
    1_000 + unit.length,
  );
});
