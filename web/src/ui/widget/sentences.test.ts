import {expect, test} from 'vitest';
import {stateSentence, trustSentences} from './sentences.ts';
import {ENGLISH_WIDGET} from './widget-strings.ts';

const english = {lang: 'en', get: (what: keyof typeof ENGLISH_WIDGET) => ENGLISH_WIDGET[what]};
const alone = {serverUrl: 'https://weft.example/', fallbackHost: null};
const helped = {...alone, fallbackHost: 'llm.example'};
const short = {
  state: 'short',
  missing: [
    [0, 2],
    [4, 6],
  ],
} as const;

test('[WI2] it says who computes and who could read', () => {
  expect(trustSentences(alone, english)).toMatch(/weft\.example\. Whoever lends one can read/u);
  expect(trustSentences(alone, english)).not.toContain('llm.example');
  expect(trustSentences(helped, english)).toMatch(/llm\.example answers and reads it\.$/u);
});

test('[WI2] it names what is missing, and who answers meanwhile', () => {
  expect(stateSentence({state: 'ready', missing: []}, alone, english)).toBe('');
  expect(stateSentence(short, alone, english)).toContain('layers 0–2 and 4–6');
  expect(stateSentence({...short, missing: []}, alone, english)).toContain('Too few tabs');
  expect(stateSentence(short, helped, english)).toContain('llm.example answers until more do');
  const offline = {state: 'offline', missing: []} as const;
  expect(stateSentence(offline, alone, english)).toContain('weft.example does not answer');
  expect(stateSentence(offline, helped, english)).toContain('llm.example answers until it does');
});
