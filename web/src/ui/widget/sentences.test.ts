import {expect, test} from 'vitest';
import {stateSentence, trustSentences} from './sentences.ts';
import {READ_OPEN_EVERY_MS} from './swarm-state.ts';
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
  const unaided = stateSentence(offline, alone, english);
  expect(unaided).toContain('weft.example does not answer');
  expect(unaided).toContain(`every ${READ_OPEN_EVERY_MS / 1000} s`);
  expect(stateSentence(offline, helped, english)).toContain('llm.example answers until it does');
});
