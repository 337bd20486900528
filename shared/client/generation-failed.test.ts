import {expect, test} from 'vitest';
import {asPeerId} from '../base/ids.ts';
import {refusalCodeSchema} from '../protocol/control/refusal-code.ts';
import type {MissingLayers} from '../scheduling/scheduling-event.ts';
import {GenerationFailedError, type FailureCode} from './generation-failed.ts';
import {LayersLostError} from './layers-lost.ts';

const PEER = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5';

const UNNAMED = {orElse: [], missing: [], isOwnSight: false};

const CODES: readonly FailureCode[] = [
  'PEER_LIED',
  ...refusalCodeSchema.options.filter((code) => code !== 'PROMPT_TOO_LONG'),
];

test.each(CODES)('[GN22] %s says what was wrong, at which peer, and what to do', (code) => {
  const peerId = asPeerId(PEER);
  const {message} = new GenerationFailedError({...UNNAMED, code, peerId, tokensShown: 3});
  expect(message).toMatch(/^The answer stopped after 3 tokens: .+ \(peer "….{8}"\); ask again$/u);
  expect(message).not.toContain(PEER.slice(-9));
});

const sentenceOf = (...others: readonly string[]) =>
  new GenerationFailedError({
    ...UNNAMED,
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

test.each([
  ['PEER_UNREACHABLE', 'this device cannot reach the peer', 'the peer cannot reach the next hop'],
  ['PEER_LEFT', 'the peer closed its link to this device', 'the next hop left'],
] as const)(
  '[GN22] %s speaks of the client where the client saw it, and of hops where a hop says so',
  (code, own, theirs) => {
    const detail = {...UNNAMED, code, peerId: asPeerId(PEER), tokensShown: 0};
    expect(new GenerationFailedError({...detail, isOwnSight: true}).message).toContain(own);
    expect(new GenerationFailedError(detail).message).toContain(theirs);
  },
);

test('[GN22] an answer of which nothing was shown has not stopped', () => {
  const detail = {...UNNAMED, code: 'NOT_SERVING', peerId: asPeerId(PEER), tokensShown: 0} as const;
  expect(new GenerationFailedError(detail).message).toMatch(/^No answer came: /u);
});

const layers = (startLayer: number, why: MissingLayers['why']) => ({
  startLayer,
  endLayer: startLayer + 10,
  why,
});

const lost = (...missing: readonly MissingLayers[]) =>
  new LayersLostError({missing, tokensShown: 8}).message;

test('[GN27] an error names the layers that nobody serves, and whether they are held by nobody or by nobody who answers', () => {
  expect(lost(layers(0, 'silent'))).toBe(
    'The answer stopped after 8 tokens: no tab that holds layers 0–10 answers this device; ask again when one does',
  );
  expect(lost(layers(0, 'silent'), layers(20, 'no-node'))).toBe(
    'The answer stopped after 8 tokens: a tab was lost, and no other holds layers 20–30, and no tab that holds layers 0–10 answers this device; ask again when one does',
  );
  expect(lost(layers(0, 'unreachable'), layers(20, 'unreachable'))).toBe(
    'The answer stopped after 8 tokens: the tabs that hold layers 0–10, 20–30 cannot reach others that it needs; ask again when they can',
  );
  const refused = new GenerationFailedError({
    ...UNNAMED,
    code: 'NOT_SERVING',
    peerId: asPeerId(PEER),
    tokensShown: 8,
    missing: [layers(10, 'distrusted')],
  });
  expect(refused.message).toContain('(peer "…oaMtimQ5"), and no other serves layers 10–20;');
});
