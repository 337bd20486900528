import {expect, test} from 'vitest';
import {asPeerId} from '../base/ids.ts';
import {refusalCodeSchema} from '../protocol/control/refusal-code.ts';
import {GenerationFailedError, type FailureCode} from './generation-failed.ts';

const PEER = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5';

const CODES: readonly FailureCode[] = [
  'PEER_LIED',
  ...refusalCodeSchema.options.filter((code) => code !== 'PROMPT_TOO_LONG'),
];

test.each(CODES)('[GN22] %s says what was wrong, at which peer, and what to do', (code) => {
  const peerId = asPeerId(PEER);
  const {message} = new GenerationFailedError({code, peerId, orElse: [], tokensShown: 3});
  expect(message).toMatch(/^The answer stopped after 3 tokens: .+ \(peer "….{8}"\); ask again$/u);
  expect(message).not.toContain(PEER.slice(-9));
});

const sentenceOf = (...others: readonly string[]) =>
  new GenerationFailedError({
    code: 'PEER_LEFT',
    peerId: asPeerId(PEER),
    orElse: others.map(asPeerId),
    tokensShown: 1,
  }).message;

test('[GN22] where it is not certain which peer it was, it names those that it may have been, or counts them', () => {
  const [a, b] = ['12D3KooWaaaaaaaa', '12D3KooWbbbbbbbb'];
  expect(sentenceOf(a, b)).toBe(
    'The answer stopped after 1 token: the next hop left (peer "…oaMtimQ5", unless it was "…aaaaaaaa" or "…bbbbbbbb"); ask again',
  );
  expect(sentenceOf(a, b, a, b)).toContain('(peer "…oaMtimQ5", unless it was one of 4 others)');
});
