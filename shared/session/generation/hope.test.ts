import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import type {GenerationStep} from './state/generation-action.ts';
import {startGeneration, stepGeneration} from './step-generation.ts';
import {
  A,
  after,
  avoided,
  B,
  C,
  chain,
  D,
  gap,
  hop,
  ready,
  refused,
  task,
  tokens,
  TWO_SHOWN,
} from './testing/generation-script.ts';

/** Of a chain that no longer delivers: its last token is a second old. */
const LOST_MS = 1_000;
const tick = (nowMs: number) => ({kind: 'tick', nowMs}) as const;
const lostAt = {peerId: A.peerId, nowMs: LOST_MS};
const silent = {kind: 'link-lost', isSilent: true, ...lostAt} as const;
const closed = {kind: 'link-lost', ...lostAt} as const;
const left = (epoch: number, nowMs: number) =>
  ({...refused(epoch, 'PEER_LEFT', B.peerId), nowMs}) as const;
const reached = {kind: 'reached', peerId: A.peerId} as const;
const renewed = {kind: 'renewed', peerId: A.peerId} as const;

/** The peers that the last choice did without. */
function avoidedBy({actions}: GenerationStep) {
  const wish = actions.findLast(({kind}) => kind === 'choose-chain');
  return wish?.kind === 'choose-chain' ? wish.avoid : null;
}

/** The chains that an answer opened, and how it ended, when nothing changes but the time. */
function waitOut(...events: Parameters<typeof after>[1][]) {
  let step = after(task(), ...events);
  let opened = 0;
  let nowMs = LOST_MS;
  while (step.state.kind === 'waiting' || step.state.kind === 'choosing') {
    const isChoosing = step.state.kind === 'choosing';
    if (!isChoosing) nowMs += 500;
    const event = isChoosing ? gap(avoidedBy(step)?.get(A.peerId) ?? 'full') : tick(nowMs);
    step = stepGeneration(step.state, {...event, nowMs});
    opened += step.actions.filter(({kind}) => kind === 'open').length;
  }
  return {opened, waitedMs: nowMs - LOST_MS, state: step.state};
}

test('[GN25] cut off from the only head, an answer never opens it again, and ends after six seconds with the layers', () => {
  const {opened, waitedMs, state} = waitOut(...TWO_SHOWN, silent);
  expect({opened, waitedMs}).toEqual({opened: 0, waitedMs: 6_000});
  expect(state).toMatchObject({
    reason: {
      kind: 'lost',
      missing: [{startLayer: 0, endLayer: 6, why: 'silent'}],
      refusal: {code: 'PEER_UNREACHABLE', peerId: 'a'},
    },
  });
});

test('[GN10] hops that cannot reach each other are waited for with all patience, for links open slowly, and then named', () => {
  const cannotReach = {code: 'PEER_UNREACHABLE', peerId: A.peerId, reportedBy: A.peerId} as const;
  const apart = {kind: 'refused', epoch: 0, refusal: cannotReach} as const;
  const missing = [{startLayer: 0, endLayer: 4, why: 'unreachable'}] as const;
  let step = after(task(), ...TWO_SHOWN, apart);
  let nowMs = 0;
  while (step.state.kind === 'waiting' || step.state.kind === 'choosing') {
    const isChoosing = step.state.kind === 'choosing';
    if (!isChoosing) nowMs += 500;
    step = stepGeneration(step.state, isChoosing ? {kind: 'gap', missing, nowMs} : tick(nowMs));
  }
  expect(nowMs).toBe(60_000);
  expect(step.state).toMatchObject({reason: {kind: 'lost', missing}});
});

/** Whether an answer of two tokens still waits, so long after it lost its head. */
function waits(missing: readonly MissingLayers[], waitedMs: number): boolean {
  const nowMs = LOST_MS + waitedMs;
  const lost = {kind: 'gap', missing, nowMs: LOST_MS} as const;
  const events = [...TWO_SHOWN, silent, lost, tick(nowMs), {...lost, nowMs}];
  return after(task(), ...events).state.kind === 'waiting';
}

test('[GN10] for layers that another tab is to take over it waits as long as for one that loads', () => {
  const heir = {startLayer: 0, endLayer: 2, why: 'silent', hasHeir: true} as const;
  expect([waits([heir], 59_999), waits([heir], 60_000)]).toEqual([true, false]);
  const other = {startLayer: 2, endLayer: 4, why: 'no-node'} as const;
  expect([waits([heir, other], 5_999), waits([heir, other], 6_000)]).toEqual([true, false]);
});

test('[GN10] a peer that publishes, and that only this client does not reach, is waited for with all patience', () => {
  const cutOff = [{startLayer: 0, endLayer: 2, why: 'unreachable'}] as const;
  const gone = [{startLayer: 0, endLayer: 2, why: 'silent'}] as const;
  const endAfter = (waitedMs: number) => {
    const nowMs = LOST_MS + waitedMs;
    const lost = {kind: 'gap', missing: gone, nowMs: LOST_MS} as const;
    const events = [lost, {...renewed, nowMs}, {kind: 'gap', missing: cutOff, nowMs}] as const;
    return after(task(), ...TWO_SHOWN, silent, ...events).state;
  };
  expect(endAfter(59_999)).toMatchObject({kind: 'waiting'});
  expect(endAfter(60_000)).toMatchObject({kind: 'failed', reason: {missing: cutOff}});
});

test('[GN10] the six seconds begin with the first of the chains that fail one after the other', () => {
  const second = hop('e', 0, 2);
  const missing = gap('silent');
  const events = [...TWO_SHOWN, left(0, 1_000), {...chain(second, B, C), nowMs: 1_000}];
  const again = [...events, left(1, 5_000), {...missing, nowMs: 5_000}];
  expect(after(task(), ...again).state).toMatchObject({kind: 'waiting'});
  const end = after(task(), ...again, tick(7_000), {...missing, nowMs: 7_000});
  expect(end.state).toMatchObject({kind: 'failed', reason: {kind: 'lost'}});
});

test('[GN25] before the first token it is the same, for all its patience', () => {
  const {opened, waitedMs, state} = waitOut(chain(A), refused(0, 'PEER_UNREACHABLE', A.peerId));
  expect({opened, waitedMs}).toEqual({opened: 0, waitedMs: 60_000});
  expect(state).toMatchObject({reason: {kind: 'lost', missing: [{why: 'silent'}]}});
});

test.each([
  ['closed its link', closed],
  ['fell silent', silent],
])('[GN25] a peer that %s is looked for once, and chosen when there is a link to it', (_, lost) => {
  const events = [...TWO_SHOWN, lost, gap('silent')];
  expect(after(task(), ...events).actions).toEqual([{kind: 'reach', peerId: 'a'}]);
  const later = after(task(), ...events, tick(500), gap('silent'));
  expect(later.actions).toMatchObject([{kind: 'tell', news: {kind: 'waiting'}}]);
  expect(avoidedBy(after(task(), ...events, tick(500)))).toEqual(avoided({a: 'silent'}));
  expect(avoidedBy(after(task(), ...events, reached))).toEqual(avoided({}));
});

test('[GN25] a record of a peer that fell silent is a reason to look for it again, of one that closed its link to choose it', () => {
  const fellSilent = [...TWO_SHOWN, silent, gap('silent'), renewed];
  expect(avoidedBy(after(task(), ...fellSilent))).toEqual(avoided({a: 'unreachable'}));
  const again = after(task(), ...fellSilent, gap('silent'));
  expect(again.actions).toEqual([{kind: 'reach', peerId: 'a'}]);
  const hasClosed = after(task(), ...TWO_SHOWN, closed, gap('silent'), renewed);
  expect(avoidedBy(hasClosed)).toEqual(avoided({}));
});

test.each<[RefusalCode, 'distrusted' | 'silent']>([
  ['NOT_SERVING', 'distrusted'],
  ['ENGINE_LOST', 'distrusted'],
  ['SESSION_EXPIRED', 'silent'],
])(
  '[GN25] a hop that failed with %s is chosen again with its next record, and not before',
  (code, why) => {
    const events = [chain(A), refused(0, code, A.peerId), gap(why)];
    expect(avoidedBy(after(task(), ...events, tick(500)))).toEqual(avoided({a: why}));
    expect(after(task(), ...events, reached).actions.at(-1)).toMatchObject({
      avoid: avoided({a: why}),
    });
    expect(avoidedBy(after(task(), ...events, renewed))).toEqual(avoided({}));
  },
);

test('[GN25] a hop that was full may have room after half a second, beside one that is gone', () => {
  const both = [
    chain(A, B),
    refused(0, 'KV_FULL', B.peerId),
    chain(A, D),
    {kind: 'refused', epoch: 1, refusal: {code: 'PEER_LEFT', peerId: A.peerId}} as const,
  ];
  expect(avoidedBy(after(task(), ...both))).toEqual(avoided({a: 'silent', b: 'full'}));
  const later = after(task(), ...both, gap('silent'), tick(500));
  expect(avoidedBy(later)).toEqual(avoided({a: 'silent'}));
});

const says = {
  kind: 'refused',
  epoch: 0,
  refusal: {code: 'PEER_LEFT', peerId: B.peerId, reportedBy: A.peerId},
} as const;

/** Nobody but these serves their layers. */
function gapWithout(step: GenerationStep): GenerationStep {
  const missing = [A, B, C].flatMap(({peerId, startLayer, endLayer}) => {
    const why = avoidedBy(step)?.get(peerId);
    return why === undefined ? [] : [{startLayer, endLayer, why}];
  });
  return stepGeneration(step.state, {kind: 'gap', missing, nowMs: 0});
}

test('[GN27] where a head says that the middle left, and there are no others, the layers of the middle are named', () => {
  let step = after(task(), ...TWO_SHOWN, says);
  while (step.state.kind === 'choosing') step = gapWithout(step);
  expect(step.actions).toEqual([{kind: 'reach', peerId: 'b'}]);
  step = stepGeneration(step.state, tick(500));
  while (step.state.kind === 'choosing') step = gapWithout(step);
  expect(step.actions).toMatchObject([
    {news: {kind: 'waiting', missing: [{startLayer: 2, endLayer: 4, why: 'silent'}]}},
  ]);
  const there = {kind: 'reached', peerId: B.peerId, nowMs: 500} as const;
  expect(avoidedBy(stepGeneration(step.state, there))).toEqual(avoided({}));
});

test('[GN27] of a head that is gone and a tail that is full each has its reason', () => {
  const {actions} = after(
    task(),
    chain(A, C),
    refused(0, 'PEER_UNREACHABLE', A.peerId),
    chain(D, C),
    refused(1, 'KV_FULL', C.peerId),
  );
  expect(actions.at(-1)).toMatchObject({avoid: avoided({a: 'silent', c: 'full'})});
});

test('[GN26] a peer that closed its link before the question is in no chain of it, until there is a link or another record', () => {
  const first = startGeneration(task(), [A.peerId]);
  expect(avoidedBy(first)).toEqual(avoided({a: 'silent'}));
  const waiting = stepGeneration(first.state, {...gap('silent'), nowMs: 0});
  expect(waiting.actions).toEqual([{kind: 'reach', peerId: 'a'}]);
  for (const change of [reached, renewed]) {
    const again = stepGeneration(waiting.state, {...change, nowMs: 100});
    expect(avoidedBy(again)).toEqual(avoided({}));
  }
});

test('[GN25] after a token whoever is lost again is looked for again', () => {
  const {state} = after(
    task(),
    ...TWO_SHOWN,
    closed,
    gap('silent'),
    reached,
    chain(A, B, C),
    ready(1, 0, 6, 6),
    {kind: 'fed', epoch: 1},
    {kind: 'fed', epoch: 1},
    {kind: 'fed', epoch: 1},
    {kind: 'fed', epoch: 1},
    tokens(1, 7, 23),
    closed,
  );
  const {actions} = stepGeneration(state, {...gap('silent'), nowMs: 0});
  expect(actions).toEqual([{kind: 'reach', peerId: asPeerId('a')}]);
});

test('[GN27] a head that says that it cannot reach the next hop is there: nobody looks for it, and it is asked again with its next record', () => {
  const cannotReach = {
    kind: 'refused',
    epoch: 0,
    refusal: {code: 'PEER_UNREACHABLE', peerId: A.peerId, reportedBy: A.peerId},
  } as const;
  let step = after(task(), ...TWO_SHOWN, cannotReach);
  while (step.state.kind === 'choosing') step = gapWithout(step);
  expect(step.actions).toMatchObject([
    {news: {kind: 'waiting', missing: [{startLayer: 0, endLayer: 2, why: 'unreachable'}]}},
  ]);
  expect(avoidedBy(stepGeneration(step.state, {...renewed, nowMs: 1}))).toEqual(avoided({}));
});
