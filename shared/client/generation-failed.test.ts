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
  const {message} = new GenerationFailedError({code, peerId, tokensShown: 3});
  expect(message).toMatch(/^The answer stopped after 3 tokens: .+ \(peer "….{8}"\); ask again$/u);
  expect(message).not.toContain(PEER.slice(-9));
});
