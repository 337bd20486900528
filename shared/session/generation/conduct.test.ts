import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {GenerationStep} from './state/generation-action.ts';
import {wakeAtMs} from './state/generation-state.ts';
import type {Refusal} from './state/refusal.ts';
import {startGeneration, stepGeneration} from './step-generation.ts';
import {
  A,
  after,
  avoided,
  B,
  C,
  chain,
  D,
  fed,
  gap,
  hop,
  ready,
  refused,
  reportsOf,
  task,
  tokens,
  TWO_SHOWN,
} from './testing/generation-script.ts';

const garbage = tokens(0, 5, 100);
const fedAll = [chain(A, B, C), ready(0, 0, 0, 0), fed(0), fed(0), fed(0)];
const likeliest = (count: number) => {
  const top = Array.from({length: count}, () => ({tokenId: 21, logprob: -1}));
  const token = {tokenId: 21, logprob: -1, top};
  return {kind: 'tokens', epoch: 0, position: 5, tokens: [token]} as const;
};

test('[GN14] every hop of the chain that gave the last token is reported as having finished', () => {
  const finished = ['a: finished', 'b: finished', 'c: finished'];
  expect(reportsOf(task(), ...TWO_SHOWN, tokens(0, 7, 99))).toEqual(finished);
});

test('[GN14] a hop that refuses, is gone or breaks the wire format is reported', () => {
  const opened = [chain(A, B, C)];
  expect(reportsOf(task(), ...opened, refused(0, 'KV_FULL', A.peerId))).toEqual(['a: refused']);
  const gone = {kind: 'link-lost', peerId: C.peerId} as const;
  expect(reportsOf(task(), ...opened, gone)).toEqual(['c: left']);
  expect(reportsOf(task(), ...TWO_SHOWN, gone)).toEqual(['c: left']);
  expect(reportsOf(task(), ...fedAll, garbage)).toEqual(['c: lied']);
});

test('[GN14] where nobody in particular is to blame, every hop is reported, and none for certain', () => {
  const late = {kind: 'tick', nowMs: 30_000} as const;
  const silent = ['a: silent?', 'b: silent?', 'c: silent?'];
  expect(reportsOf(task(), chain(A, B, C), late)).toEqual(silent);
});

const says = (of: Hop, by: Hop, code: RefusalCode = 'BAD_PAYLOAD') => ({
  kind: 'refused' as const,
  epoch: 0,
  refusal: {code, peerId: of.peerId, reportedBy: by.peerId},
});

test('[GN15] what a hop says of another is certain of neither, and what a tail says of its own state is', () => {
  const opened = [chain(A, B, C)];
  expect(reportsOf(task(), ...opened, says(C, C, 'ENGINE_LOST'))).toEqual(['c: refused']);
  expect(reportsOf(task(), chain(A), says(A, A))).toEqual(['a: lied']);
  expect(reportsOf(task(), ...opened, says(A, C))).toEqual(['a: lied?', 'b: lied?', 'c: lied?']);
  // Through the head comes what those behind it say, of the head too.
  expect(reportsOf(task(), ...opened, says(C, A))).toEqual(['c: lied?', 'a: lied?', 'b: lied?']);
  expect(reportsOf(task(), ...opened, says(A, A))).toEqual(['a: lied?', 'b: lied?', 'c: lied?']);
  expect(after(task(), ...opened, says(C, A)).actions.at(-1)).toMatchObject({
    avoid: avoided({c: 'distrusted'}),
  });
});

test('[GN15] what a tail has from the hops before it is a doubt about every hop', () => {
  const doubts = ['c: lied?', 'a: lied?', 'b: lied?'];
  // How many of the likeliest it sends, and where it samples.
  expect(reportsOf(task(), ...fedAll, likeliest(1))).toEqual(doubts);
  expect(reportsOf(task(), ...fedAll, tokens(0, 6, 21))).toEqual(doubts);
  expect(reportsOf(task(), chain(A, B, C), ready(0, 0, 0))).toEqual(doubts);
  const opened = [chain(A, B, C)];
  const unsupported = says(C, C, 'UNSUPPORTED');
  expect(reportsOf(task(), ...opened, unsupported)).toEqual([
    'c: refused?',
    'a: lied?',
    'b: lied?',
  ]);
  expect(after(task(), ...TWO_SHOWN, tokens(0, 8, 21)).state).toMatchObject({
    answer: {lastRefusal: {code: 'OUT_OF_ORDER', peerId: 'c', orElse: ['a', 'b']}},
  });
});

const tryAt = (epoch: number, atMs: number, code: RefusalCode = 'PEER_LEFT') => [
  {...chain(A), nowMs: atMs},
  {...refused(epoch, code, A.peerId), nowMs: atMs},
];

test('[GN4] five tries over all its patience without a token are the end, full hops and tries of one second not counted', () => {
  const four = [0, 15_000, 30_000, 45_000].flatMap((atMs, epoch) => tryAt(epoch, atMs));
  expect(after(task(), ...four, ...tryAt(4, 60_000, 'KV_FULL')).state.kind).toBe('choosing');
  expect(after(task(), ...four, ...tryAt(4, 45_999)).state.kind).toBe('choosing');
  expect(after(task(), ...four, ...tryAt(4, 59_999)).state.kind).toBe('choosing');
  expect(after(task(), ...four, ...tryAt(4, 60_000)).state).toMatchObject({
    kind: 'failed',
    reason: {refusal: {code: 'PEER_LEFT', peerId: 'a'}},
  });
});

/** After the answer has waited for half a second. */
function avoidedAfter(code: RefusalCode) {
  const wake = {kind: 'tick', nowMs: 500} as const;
  return after(task(), chain(A), refused(0, code, A.peerId), gap('distrusted'), wake).actions;
}

test('[GN4] a hop that lied is avoided for the rest of the answer, another one until the answer has waited', () => {
  expect(avoidedAfter('OUT_OF_ORDER')).toMatchObject([{avoid: avoided({a: 'distrusted'})}]);
  expect(avoidedAfter('NOT_SERVING')).toMatchObject([{avoid: avoided({a: 'distrusted'})}]);
});

/**
 * What becomes of an answer in a swarm of two hops for each third of the layers, where this says
 * what a chain does: refuses, in silence or in words, or `null` when it serves.
 */
function chainsOf(failureOf: (hops: readonly Hop[]) => Refusal | 'silence' | null) {
  const thirds = [0, 2, 4].map((startLayer) =>
    ['x', 'y'].map((name) => hop(`${name}${startLayer}`, startLayer, startLayer + 2)),
  );
  const chains: string[] = [];
  let nowMs = 0;
  let step: GenerationStep = startGeneration(task());
  for (let turn = 0; turn < 100; turn += 1) {
    const {state, actions} = step;
    const wish = actions.findLast(({kind}) => kind === 'choose-chain');
    if (wish?.kind === 'choose-chain') {
      const found = thirds.map((two) => two.find(({peerId}) => !wish.avoid.has(peerId)));
      const hops = found.filter((one) => one !== undefined);
      step = stepGeneration(state, {
        ...(hops.length < 3 ? gap('distrusted') : chain(...hops)),
        nowMs,
      });
      continue;
    }
    if (state.kind !== 'opening') return {chains, kind: state.kind};
    chains.push(state.hops.map(({peerId}) => peerId).join(' '));
    const failure = failureOf(state.hops);
    if (failure === null) return {chains, kind: 'served'};
    if (failure === 'silence') nowMs = wakeAtMs(state) ?? nowMs;
    const {epoch} = state.answer;
    step = stepGeneration(
      state,
      failure === 'silence'
        ? {kind: 'tick', nowMs}
        : {kind: 'refused', epoch, refusal: failure, nowMs},
    );
  }
  return {chains, kind: 'none of it'};
}

const names = (hops: readonly Hop[]) => hops.map(({peerId}) => peerId);

test.each(['x0', 'x2', 'x4'])(
  '[GN16] whoever is silent beside %s, an honest chain is found as long as there is one',
  (liar) => {
    for (const alone of ['y0', 'y2', 'y4']) {
      // One of the other hops serves nothing, so that a chain needs one of those who were doubted.
      const isBroken = (hops: readonly Hop[]) =>
        names(hops).includes(asPeerId(liar)) || names(hops).includes(asPeerId(alone));
      if (alone.at(1) === liar.at(1)) continue;
      expect(chainsOf((hops) => (isBroken(hops) ? 'silence' : null)).kind).toBe('served');
    }
  },
);

test.each<RefusalCode>(['KV_FULL', 'PEER_LEFT', 'BAD_PAYLOAD'])(
  '[GN16] a head that blames every other hop with %s keeps no answer from its first token',
  (code) => {
    const blaming = (at: 1 | 2) =>
      chainsOf((hops) => {
        const [head, blamed] = [hops[0], hops[at]];
        if (head?.peerId !== 'x0' || blamed === undefined) return null;
        return {code, peerId: blamed.peerId, reportedBy: head.peerId};
      });
    expect(blaming(1).chains).toEqual(['x0 x2 x4', 'x0 y2 x4', 'y0 x2 x4']);
    expect(blaming(2).kind).toBe('served');
  },
);

test('[GN16] where every hop is silent, each of five tries is another chain', () => {
  const {kind, chains} = chainsOf(() => 'silence');
  expect(kind).toBe('failed');
  expect(new Set(chains).size).toBe(5);
});

test('[GN16] where every hop refuses at once, the answer waits', () => {
  const {kind} = chainsOf((hops) => ({code: 'WRONG_MODEL', peerId: hops[0]?.peerId ?? null}));
  expect(kind).toBe('waiting');
});

test('[GN17] a token that no honest tail can have sampled costs the tail its place', () => {
  const before = after(task(), ...fedAll, garbage);
  expect(before.state).toMatchObject({kind: 'choosing', answer: {tokenIds: []}});
  expect(before.actions.at(-1)).toMatchObject({avoid: avoided({c: 'distrusted'})});
  const {state, actions} = after(task(), ...TWO_SHOWN, tokens(0, 7, 100));
  expect(state).toMatchObject({
    kind: 'choosing',
    answer: {tokenIds: [21, 22], lastRefusal: {code: 'BAD_PAYLOAD', peerId: 'c'}},
  });
  expect(actions.at(-1)).toMatchObject({avoid: avoided({c: 'distrusted'})});
});

test('[GN18] an end before the first word is believed of a second chain, or where there is none', () => {
  const empty = [...fedAll, tokens(0, 5, 99)];
  const doubted = after(task(), ...empty);
  expect(doubted.state).toMatchObject({kind: 'choosing', answer: {tokenIds: []}});
  expect(doubted.actions.at(-1)).toMatchObject({
    avoid: avoided({a: 'distrusted', b: 'distrusted', c: 'distrusted'}),
  });
  const other = [chain(D), ready(1, 0), fed(1), fed(1), fed(1)];
  expect(after(task(), ...empty, ...other, tokens(1, 5, 99)).state.kind).toBe('complete');
  expect(after(task(), ...empty, ...other, tokens(1, 5, 21)).state.kind).toBe('decoding');
  let alone = after(task(), ...empty);
  while (alone.state.kind === 'choosing')
    alone = stepGeneration(alone.state, {...gap('distrusted'), nowMs: 0});
  expect(alone.state).toMatchObject({kind: 'complete', answer: {tokenIds: [99]}});
  expect(alone.actions).toMatchObject([{news: {kind: 'token'}}, {news: {kind: 'end'}}]);
});

test('[GN19] whether a request can be served at all, the client finds out for itself', () => {
  expect(after(task({contextTokens: 7})).state).toMatchObject({
    kind: 'failed',
    reason: {kind: 'too-long', mostKvTokens: 7},
  });
  expect(after(task({contextTokens: 8})).state.kind).toBe('choosing');
  expect(after(task({vocabularySize: 15})).state).toMatchObject({
    kind: 'failed',
    reason: {refusal: {code: 'BAD_PAYLOAD', peerId: null}},
  });
  const opened = [chain(A, B, C), refused(0, 'PROMPT_TOO_LONG', A.peerId)];
  expect(after(task(), ...opened).state.kind).toBe('choosing');
  expect(reportsOf(task(), ...opened)).toEqual(['a: lied']);
});
