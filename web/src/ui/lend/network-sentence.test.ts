import {expect, test} from 'vitest';
import {RETRY_EVERY_MS} from '#shared/transport/server-link/server-connection.ts';
import {ENGLISH_ANSWER} from '../chat/strings/answer-strings.ts';
import {networkSentence} from './network-sentence.ts';

const IDLE = {isServing: false, isCutOff: false};
const SERVING = {...IDLE, isServing: true};
const EVERY = `every ${RETRY_EVERY_MS / 1000} s`;

test('[PG64] without a server the page says how often the tab tries to rejoin, and that what runs goes on', () => {
  expect(networkSentence('no-server', IDLE)).toContain(EVERY);
  expect(networkSentence('no-server', IDLE)).not.toContain('go on');
  expect(networkSentence('no-server', SERVING)).toContain(EVERY);
  expect(networkSentence('no-server', SERVING)).toContain('Answers that run here go on');
  expect(ENGLISH_ANSWER['no-server']).toContain(EVERY);
});

test('[PG39] a missing network and tabs out of reach have sentences of their own', () => {
  expect(networkSentence('offline', SERVING)).toContain('This device is offline');
  expect(networkSentence('fine', {...SERVING, isCutOff: true})).toContain('may block WebRTC');
  expect(networkSentence('fine', SERVING)).toBeNull();
});
