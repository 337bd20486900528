import {expect, test} from 'vitest';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {AvoidedWhy} from '#shared/scheduling/routing/chain.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import type {GenerationAction} from './state/generation-action.ts';
import type {SeenEvent} from './state/generation-event.ts';
import {isOver, wakeAtMs} from './state/generation-state.ts';
import {stepGeneration} from './step-generation.ts';
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

const kindsOf = (actions: readonly GenerationAction[]) => actions.map(({kind}) => kind);

const feeds = (actions: readonly GenerationAction[]) =>
  actions.flatMap((action) =>
    action.kind === 'feed' ? [{position: action.position, tokenIds: action.tokenIds}] : [],
  );

test('[GN1] an answer goes from a chain to its last token, and frees its hops', () => {
  const shown = after(task(), ...TWO_SHOWN);
  expect(shown.state).toMatchObject({kind: 'decoding', answer: {tokenIds: [21, 22], epoch: 0}});
  const last = after(task(), ...TWO_SHOWN, tokens(0, 7, 23, 99, 24));
  expect(last.state).toMatchObject({kind: 'complete', answer: {tokenIds: [21, 22, 23, 99]}});
  expect(kindsOf(last.actions)).toEqual(['tell', 'tell', 'tell', 'close']);
  expect(last.actions.at(-2)).toMatchObject({news: {kind: 'end', finishReason: 'stop'}});
  expect(last.actions.at(-1)).toEqual({kind: 'close', epoch: 0, at: ['a'], reason: 'done'});
  expect(isOver(last.state)).toBe(false);
  const served = stepGeneration(last.state, {kind: 'served', epoch: 0, hops: [], nowMs: 1});
  expect(kindsOf(served.actions)).toEqual(['tell']);
  expect(isOver(served.state)).toBe(true);
});

test('[GN2] the prompt goes to the head in pieces, each when there is room for it; the last asks for a token', () => {
  const actions = [0, 1, 2, 3].map(
    (pieces) =>
      after(task(), chain(A, B, C), ready(0, 0, 0, 0), ...Array(pieces).fill(fed(0))).actions,
  );
  expect(actions.flatMap(feeds)).toEqual([
    {position: 0, tokenIds: [11, 12]},
    {position: 2, tokenIds: [13, 14]},
    {position: 4, tokenIds: [15]},
  ]);
  expect(actions.flat().map((action) => action.kind === 'feed' && action.sample)).toEqual([
    false, // the news that the chain is ready
    false,
    false,
    true,
  ]);
});

test.each([
  ['twice', [tokens(0, 6, 22)]],
  ['too far ahead', [tokens(0, 8, 23)]],
  ['by none', [tokens(0, 7)]],
])('[GN3] a token that comes %s is not shown, and the tail is to blame', (_, events) => {
  const {state, actions} = after(task(), ...TWO_SHOWN, ...events);
  expect(state).toMatchObject({
    kind: 'choosing',
    answer: {tokenIds: [21, 22], lastRefusal: {code: 'OUT_OF_ORDER', peerId: 'c'}},
  });
  expect(actions.at(-1)).toMatchObject({avoid: avoided({c: 'distrusted'}), warm: [A, B]});
});

test('[GN3] a token that comes before the prompt is complete costs the tail its place, and not the answer', () => {
  const {state, actions} = after(task(), chain(A, B, C), ready(0, 0, 0, 0), tokens(0, 5, 21));
  expect(state).toMatchObject({kind: 'choosing', answer: {tokenIds: []}});
  expect(actions.at(-1)).toMatchObject({kind: 'choose-chain', avoid: avoided({c: 'distrusted'})});
});

test('[GN4] before the first token a hop that refuses is avoided; nobody to blame, all hops are', () => {
  const one = after(task(), chain(A, B, C), refused(0, 'NOT_SERVING', B.peerId));
  expect(one.actions.at(-1)).toMatchObject({
    kind: 'choose-chain',
    avoid: avoided({b: 'distrusted'}),
    epoch: 1,
  });
  const all = after(task(), chain(A, B, C), {kind: 'tick', nowMs: 30_000});
  expect(all.actions.at(-1)).toMatchObject({
    avoid: avoided({a: 'silent', b: 'silent', c: 'silent'}),
  });
  const early = after(task(), chain(A, B, C), {kind: 'tick', nowMs: 29_999});
  expect(early.actions).toEqual([]);
});

test('[GN5] [GN24] [RR4] a lost hop is replaced in a higher epoch; the others are opened at the position of the last token', () => {
  const lost = after(task(), ...TWO_SHOWN, refused(0, 'PEER_LEFT', B.peerId));
  expect(lost.actions).toEqual([
    {kind: 'tell', news: {kind: 'lost', code: 'PEER_LEFT', peerId: 'b'}},
    {kind: 'choose-chain', avoid: avoided({b: 'silent'}), warm: [A, C], ran: [A, B, C], epoch: 1},
  ]);
  const opened = stepGeneration(lost.state, {...chain(A, D, C), nowMs: 0});
  expect(opened.actions).toEqual([
    {kind: 'open', epoch: 1, hops: [A, D, C], warmPositions: [6, 0, 6], keep: 'after-loss'},
  ]);
});

test('[GN5] a peer that gets other layers than before holds nothing of use', () => {
  const lost = after(
    task(),
    ...TWO_SHOWN,
    refused(0, 'PEER_LEFT', B.peerId),
    chain(hop('a', 0, 4), C),
  );
  expect(lost.actions).toMatchObject([{kind: 'open', warmPositions: [0, 6]}]);
});

test('[GN5] a chain that fails to open leaves the warm hops warm, but for who refused', () => {
  const {actions} = after(
    task(),
    ...TWO_SHOWN,
    refused(0, 'PEER_LEFT', B.peerId),
    chain(A, D, C),
    refused(1, 'SESSIONS_FULL', D.peerId),
  );
  expect(actions).toEqual([
    {kind: 'tell', news: {kind: 'lost', code: 'SESSIONS_FULL', peerId: 'd'}},
    {
      kind: 'choose-chain',
      avoid: avoided({b: 'silent', d: 'full'}),
      warm: [A, C],
      ran: [A, B, C],
      epoch: 2,
    },
  ]);
});

test('[GN6] what a new hop missed is asked of the hop in front of it, before the last token goes round', () => {
  const {actions} = after(
    task(),
    ...TWO_SHOWN,
    refused(0, 'PEER_LEFT', B.peerId),
    chain(A, D, C),
    ready(1, 6, 0, 6),
  );
  expect(actions).toEqual([
    {kind: 'tell', news: {kind: 'ready', inputFrom: [6, 0, 6]}},
    {kind: 'replay', epoch: 1, hopIndex: 0, position: 0},
    {kind: 'feed', epoch: 1, position: 6, tokenIds: [22], sample: true},
  ]);
});

test('[GN7] a hop that kept too little goes back with all in front of it, and the token list fills them', () => {
  const {actions} = after(
    task(),
    ...TWO_SHOWN,
    refused(0, 'PEER_LEFT', B.peerId),
    chain(A, D, C),
    ready(1, 6, 0, 3),
    {kind: 'kept-from', epoch: 1, hopIndex: 0, position: 4},
  );
  expect(actions).toMatchObject([{kind: 'open', epoch: 2, warmPositions: [0, 0, 3]}]);
});

test('[GN7] a hop that nobody asked changes nothing by what it kept', () => {
  const before = after(task(), chain(A, B, C), ready(0, 0, 0, 0));
  const unasked = {kind: 'kept-from', epoch: 0, hopIndex: 0, position: 4, nowMs: 0} as const;
  expect(stepGeneration(before.state, unasked)).toEqual({state: before.state, actions: []});
});

test.each<[string, readonly number[], Readonly<Record<string, AvoidedWhy>>]>([
  ['too few', [6, 0], {b: 'silent', c: 'distrusted'}],
  ['more than a hop can hold', [6, 1, 6], {b: 'silent', d: 'distrusted'}],
])('[GN8] a chain whose readiness has %s positions is left', (_, inputFrom, avoid) => {
  const {state, actions} = after(
    task(),
    ...TWO_SHOWN,
    refused(0, 'PEER_LEFT', B.peerId),
    chain(A, D, C),
    ready(1, ...inputFrom),
  );
  expect(state).toMatchObject({kind: 'choosing', answer: {tokenIds: [21, 22]}});
  expect(actions.at(-1)).toMatchObject({kind: 'choose-chain', avoid: avoided(avoid)});
});

test('[GN9] a link to head or tail that is lost costs the answer that hop', () => {
  for (const {peerId} of [A, C]) {
    for (const before of [[chain(A, B, C)], TWO_SHOWN]) {
      const lost = after(task(), ...before, {kind: 'link-lost', peerId});
      expect(lost.state).toMatchObject({kind: 'choosing'});
      expect(lost.actions.at(-1)).toMatchObject({avoid: avoided({[peerId]: 'silent'})});
    }
  }
});

const HEAD_SILENT = {kind: 'link-lost', peerId: A.peerId, isSilent: true} as const;

test('[GN9] a chain that delivers goes on without a link to its head, and each hop is freed at the end', () => {
  const silent = after(task(), ...TWO_SHOWN, {...HEAD_SILENT, nowMs: 900});
  expect(silent.actions).toEqual([{kind: 'reach', peerId: A.peerId}]);
  const shown = [...TWO_SHOWN, {...HEAD_SILENT, nowMs: 900}, {...tokens(0, 7, 23), nowMs: 950}];
  const onward = after(task(), ...shown);
  expect(onward.state).toMatchObject({kind: 'decoding', answer: {tokenIds: [21, 22, 23]}});
  expect(wakeAtMs(onward.state)).toBe(1_950);
  expect(reportsOf(task(), ...TWO_SHOWN, {...HEAD_SILENT, nowMs: 900})).toEqual(['a: left']);
  const at = ['a', 'b', 'c'];
  const end = after(task(), ...shown, {...tokens(0, 8, 24), nowMs: 960});
  expect(end.actions).toContainEqual({kind: 'close', epoch: 0, at, reason: 'done'});
  const finished = reportsOf(task(), ...shown, {...tokens(0, 8, 24), nowMs: 960});
  expect(finished).toEqual(['b: finished', 'c: finished']);
  const stopped = after(task(), ...shown, {kind: 'stop'});
  expect(stopped.actions).toEqual([{kind: 'close', epoch: 0, at, reason: 'cancelled'}]);
});

test('[GN9] a chain that gives no token for a second, while its head is silent, has lost that head', () => {
  const before = after(
    task(),
    ...TWO_SHOWN,
    {...HEAD_SILENT, nowMs: 999},
    {kind: 'tick', nowMs: 999},
  );
  expect(before.state).toMatchObject({kind: 'decoding'});
  for (const lost of [
    after(task(), ...TWO_SHOWN, {...HEAD_SILENT, nowMs: 1_000}),
    after(task(), ...TWO_SHOWN, {...HEAD_SILENT, nowMs: 999}, {kind: 'tick', nowMs: 1_000}),
  ]) {
    const refusal = {code: 'PEER_UNREACHABLE', peerId: A.peerId};
    expect(lost.state).toMatchObject({kind: 'choosing', answer: {lastRefusal: refusal}});
    expect(lost.actions.at(-1)).toMatchObject({warm: [B, C]});
  }
});

test('[GN9] a head that answers the client again, or whose word is not needed, is as good as before', () => {
  const silent = [...TWO_SHOWN, {...HEAD_SILENT, nowMs: 900}];
  const back = after(task(), ...silent, {kind: 'reached', peerId: A.peerId, nowMs: 950});
  expect(back.state).toMatchObject({kind: 'decoding', headLost: null});
  expect(wakeAtMs(back.state)).toBeGreaterThan(15_000);
  const other = after(task(), ...silent, {kind: 'reached', peerId: C.peerId, nowMs: 950});
  expect(wakeAtMs(other.state)).toBe(1_000);
});

test('[GN9] a head that falls silent before the first token, or is the tail too, is lost at once', () => {
  const feeding = after(task(), ...TWO_SHOWN.slice(0, 5), HEAD_SILENT);
  expect(feeding.state).toMatchObject({kind: 'choosing'});
  const whole = hop('a', 0, 6);
  const alone = [chain(whole), ready(0, 0), fed(0), fed(0), fed(0), tokens(0, 5, 21), HEAD_SILENT];
  expect(after(task(), ...alone).state).toMatchObject({kind: 'choosing'});
});

test('[GN9] a link to a peer in the middle of the chain is none of the answer', () => {
  const shown = after(task(), ...TWO_SHOWN);
  const lost = {kind: 'link-lost', peerId: B.peerId, nowMs: 0} as const;
  expect(stepGeneration(shown.state, lost)).toEqual({state: shown.state, actions: []});
});

test('[GN23] a hop that is listed no more while its chain opens has left; afterwards that means nothing', () => {
  for (const {peerId} of [A, B, C]) {
    const opening = after(task(), chain(A, B, C), {kind: 'unlisted', peerId});
    const again = {kind: 'choose-chain', avoid: avoided({[peerId]: 'silent'})};
    expect(opening.actions).toContainEqual(expect.objectContaining(again));
  }
  const shown = after(task(), ...TWO_SHOWN);
  const unlisted = {kind: 'unlisted', peerId: A.peerId, nowMs: 0} as const;
  expect(stepGeneration(shown.state, unlisted)).toEqual({state: shown.state, actions: []});
});

test('[GN10] for tabs to join an answer waits without end, and asks again when the snapshot changes', () => {
  const waiting = after(task(), gap('no-node'));
  expect(wakeAtMs(waiting.state)).toBeNull();
  const asked = stepGeneration(waiting.state, {kind: 'snapshot', nowMs: 1e9});
  expect(kindsOf(asked.actions)).toEqual(['choose-chain']);
});

test('[GN10] for room an answer asks again twice a second, whoever was full too, until its patience is over', () => {
  const events = [chain(A), refused(0, 'KV_FULL', A.peerId), gap('full')];
  const waiting = after(task(), ...events);
  const missing = [{startLayer: 0, endLayer: 6, why: 'full'}];
  expect(waiting.actions).toEqual([
    {kind: 'tell', news: {kind: 'waiting', missing, patienceMs: 60_000}},
  ]);
  expect(wakeAtMs(waiting.state)).toBe(500);
  const again = after(task(), ...events, {kind: 'tick', nowMs: 500});
  expect(again.actions).toMatchObject([{kind: 'choose-chain', avoid: avoided({})}]);
  const tooLong = after(
    task(),
    ...events,
    {kind: 'tick', nowMs: 60_000},
    {...chain(A), nowMs: 60_000},
    {...refused(1, 'KV_FULL', A.peerId), nowMs: 60_001},
    {...gap('full'), nowMs: 60_001},
  );
  expect(tooLong.state).toMatchObject({
    kind: 'failed',
    reason: {kind: 'full', missing: [{why: 'full'}], refusal: {code: 'KV_FULL'}},
  });
});

test.each<RefusalCode>(['WRONG_MODEL', 'VERSION_MISMATCH', 'NOT_SERVING'])(
  '[GN10] where all refused with %s who could serve it, an answer waits for others',
  (code) => {
    const events = [chain(A), refused(0, code, A.peerId), gap('distrusted')];
    const waiting = after(task(), ...events);
    expect(wakeAtMs(waiting.state)).toBe(500);
    expect(waiting.actions).toMatchObject([
      {news: {kind: 'waiting', missing: [{why: 'distrusted'}]}},
    ]);
    const late = after(
      task(),
      ...events,
      {kind: 'tick', nowMs: 60_000},
      {...gap('distrusted'), nowMs: 60_000},
    );
    expect(late.state).toMatchObject({
      kind: 'failed',
      reason: {kind: 'refused', refusal: {code, peerId: 'a'}, missing: [{why: 'distrusted'}]},
    });
  },
);

const lookAt = (nowMs: number, why: MissingLayers['why']) => [
  {kind: 'tick', nowMs} as const,
  {...gap(why), nowMs},
];

test.each([
  ['no-node', 6_000, 'lost'],
  ['silent', 6_000, 'lost'],
  ['loading', 60_000, 'refused'],
  ['distrusted', 60_000, 'refused'],
] as const)(
  '[GN10] an answer that has begun waits for layers that are missing as %s for %i ms',
  (why, patienceMs, kind) => {
    const events = [...TWO_SHOWN, refused(0, 'PEER_LEFT', B.peerId), gap(why)];
    const at = (nowMs: number) => after(task(), ...events, ...lookAt(nowMs, why));
    expect(wakeAtMs(after(task(), ...events).state)).toBe(500);
    const still = at(patienceMs - 1);
    expect(still.state.kind).toBe('waiting');
    expect(still.actions).toMatchObject([{news: {kind: 'waiting', patienceMs}}]);
    const {state, actions} = at(patienceMs);
    const refusal = {code: 'PEER_LEFT', peerId: 'b'};
    const missing = [{startLayer: 0, endLayer: 6, why}];
    expect(state).toMatchObject({kind: 'failed', reason: {kind, missing, refusal}});
    expect(actions).toEqual([{kind: 'close', epoch: 0, at: ['a', 'c'], reason: 'failed'}]);
  },
);

test('[GN10] the six seconds begin again where somebody was about to serve the layers meanwhile', () => {
  const lost = [...TWO_SHOWN, refused(0, 'PEER_LEFT', B.peerId), gap('no-node')];
  const events = [...lost, ...lookAt(5_000, 'loading'), ...lookAt(20_000, 'no-node')];
  expect(after(task(), ...events, ...lookAt(25_999, 'no-node')).state.kind).toBe('waiting');
  expect(after(task(), ...events, ...lookAt(26_000, 'no-node')).state.kind).toBe('failed');
});

test('[GN10] a request that no cache could ever hold is refused at once', () => {
  const missing = [{startLayer: 0, endLayer: 6, why: 'too-small', mostKvTokens: 7}] as const;
  expect(after(task(), {kind: 'gap', missing}).state).toMatchObject({
    kind: 'failed',
    reason: {kind: 'too-long', mostKvTokens: 7},
  });
});

test('[GN11] hops that the next chain does without are freed one by one, below its epoch', () => {
  const {actions, state} = after(
    task(),
    ...TWO_SHOWN,
    refused(0, 'KV_FULL', B.peerId),
    chain(hop('e', 0, 6)),
    ready(1, 0),
  );
  expect(actions[0]).toEqual({kind: 'close', epoch: 0, at: ['a', 'c'], reason: 'failed'});
  expect(state.answer.opened).toEqual([hop('e', 0, 6)]);
});

test('[GN12] a reader that stops frees the chain by its head, and a broken one hop by hop', () => {
  const whole = after(task(), ...TWO_SHOWN, {kind: 'stop'});
  expect(whole.actions).toEqual([{kind: 'close', epoch: 0, at: ['a'], reason: 'cancelled'}]);
  const broken = after(task(), ...TWO_SHOWN, refused(0, 'PEER_LEFT', B.peerId), {kind: 'stop'});
  expect(broken.actions).toEqual([{kind: 'close', epoch: 0, at: ['a', 'c'], reason: 'cancelled'}]);
});

test('[GN12] a complete answer waits three seconds for what its hops measured, or until one cannot say it', () => {
  const complete = after(task(), ...TWO_SHOWN, tokens(0, 7, 99));
  expect(wakeAtMs(complete.state)).toBe(3_000);
  const ends: readonly SeenEvent[] = [
    {kind: 'tick'},
    {kind: 'link-lost', peerId: C.peerId},
    refused(0, 'PEER_LEFT', C.peerId),
  ];
  for (const end of ends) {
    const step = stepGeneration(complete.state, {...end, nowMs: 3_000});
    expect(isOver(step.state)).toBe(true);
    expect(step.actions).toEqual([]);
  }
});
