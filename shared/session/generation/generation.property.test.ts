import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {GenerationStep} from './state/generation-action.ts';
import type {GenerationEvent, SeenEvent} from './state/generation-event.ts';
import {isOver, tokenCountOf, type GenerationState} from './state/generation-state.ts';
import {GENERATION_LIMITS, type GenerationTask} from './state/generation-task.ts';
import {startGeneration, stepGeneration} from './step-generation.ts';
import {after, task as taskWith, tokens, TWO_SHOWN} from './testing/generation-script.ts';

const NAMES = ['a', 'b', 'c', 'd'];
const LAYERS = 6;

/** Chains of one to three hops. */
const someHops = fc
  .uniqueArray(fc.constantFrom(...NAMES), {minLength: 1, maxLength: 3})
  .map((names) => {
    const layers = LAYERS / names.length;
    return names.map((name, at): Hop => ({
      peerId: asPeerId(name),
      startLayer: at * layers,
      endLayer: (at + 1) * layers,
    }));
  });
const somePeer = fc.constantFrom(...NAMES).map(asPeerId);
const someCode = fc.constantFrom<RefusalCode>('PEER_LEFT', 'KV_FULL', 'NOT_SERVING', 'BAD_PAYLOAD');
const someWhy = fc.constantFrom(
  'full' as const,
  'no-node' as const,
  'distrusted' as const,
  'silent' as const,
);

/** What moves an answer on. Here and below, epochs and positions count from where the answer is. */
const someProgress = fc.oneof(
  fc.record({
    kind: fc.constant('chain' as const),
    hops: someHops,
    stepMs: fc.constant(10),
    promptTokenMs: fc.constant(1),
  }),
  /** What the hops say that they hold is as much less than believed. */
  fc.record({
    kind: fc.constant('ready' as const),
    epoch: fc.constant(0),
    inputFrom: fc.array(fc.constantFrom(0, 0, 0, 1, 7), {minLength: 3, maxLength: 3}),
  }),
  fc.record({kind: fc.constant('fed' as const), epoch: fc.constant(0)}),
  fc.record({
    kind: fc.constant('tokens' as const),
    epoch: fc.constant(0),
    position: fc.constant(0),
    tokens: fc.array(fc.integer({min: 0, max: 50}).map(asToken), {minLength: 1, maxLength: 2}),
  }),
);
/** What else may be seen, fitting or not. */
const someTrouble = fc.oneof(
  fc.record({
    kind: fc.constant('gap' as const),
    missing: fc.tuple(
      fc.record({startLayer: fc.constant(0), endLayer: fc.constant(LAYERS), why: someWhy}),
    ),
  }),
  fc.record({
    kind: fc.constant('kept-from' as const),
    epoch: fc.constantFrom(0, -1),
    hopIndex: fc.nat(3),
    position: fc.nat(9),
  }),
  fc.record({
    kind: fc.constant('tokens' as const),
    epoch: fc.constantFrom(0, -1, 1),
    position: fc.constantFrom(0, -1, 1),
    tokens: fc.constant([asToken(1)]),
  }),
  fc.record({
    kind: fc.constant('refused' as const),
    epoch: fc.constantFrom(0, -1),
    refusal: fc.record({code: someCode, peerId: fc.option(somePeer)}),
  }),
  fc.record({kind: fc.constant('served' as const), epoch: fc.constant(0), hops: fc.constant([])}),
  fc.record({kind: fc.constant('snapshot' as const)}),
  fc.record({kind: fc.constant('tick' as const)}),
  fc.record({
    kind: fc.constantFrom('link-lost', 'unlisted', 'reached', 'renewed'),
    peerId: somePeer,
  }),
);
/** A reader stops once in a while only. */
const someEvents = fc.array(
  fc.record({
    seen: fc.oneof(
      {weight: 60, arbitrary: someProgress},
      {weight: 20, arbitrary: someTrouble},
      {weight: 1, arbitrary: fc.record({kind: fc.constant('stop' as const)})},
    ),
    laterMs: fc.constantFrom(0, 10, 500, 4_000, 61_000),
  }),
  {maxLength: 60},
);
const someTask = fc.record({
  promptTokenIds: fc.array(fc.nat(50), {minLength: 1, maxLength: 7}),
  maxNewTokens: fc.integer({min: 1, max: 9}),
  sampling: fc.constant({temperature: 0, topLogprobs: 0}),
  endTokenIds: fc.constant([50]),
  vocabularySize: fc.constant(51),
  contextTokens: fc.constant(100),
  pieceTokens: fc.integer({min: 1, max: 4}),
  limits: fc.constant(GENERATION_LIMITS),
});

function asToken(tokenId: number) {
  return {tokenId, logprob: 0, top: []};
}

/** Drives an answer through what was drawn. @param each sees every step with the state before it. */
function live(
  task: GenerationTask,
  events: readonly {readonly seen: SeenEvent; readonly laterMs: number}[],
  each: (before: GenerationState, step: GenerationStep, event: GenerationEvent) => void,
): GenerationState {
  let {state} = startGeneration(task);
  let nowMs = 0;
  for (const {seen, laterMs} of events) {
    nowMs += laterMs;
    const event = {...placed(state, seen), nowMs};
    const step = stepGeneration(state, event);
    each(state, step, event);
    state = step.state;
  }
  return state;
}

function placed(state: GenerationState, seen: SeenEvent): SeenEvent {
  if (!('epoch' in seen)) return seen;
  const {answer} = state;
  const epoch = answer.epoch + seen.epoch;
  if (seen.kind === 'tokens') {
    return {...seen, epoch, position: tokenCountOf(answer) + seen.position};
  }
  if (seen.kind === 'ready' && state.kind === 'opening') {
    const inputFrom = state.warmPositions.map((position, at) =>
      Math.max(0, position - (seen.inputFrom[at] ?? 0)),
    );
    return {...seen, epoch, inputFrom};
  }
  return {...seen, epoch};
}

/** One event of each kind, that fits wherever one can. */
const EACH_KIND: readonly SeenEvent[] = [
  {
    kind: 'chain',
    hops: [{peerId: asPeerId('a'), startLayer: 0, endLayer: LAYERS}],
    stepMs: 10,
    promptTokenMs: 1,
  },
  {kind: 'gap', missing: [{startLayer: 0, endLayer: LAYERS, why: 'no-node'}]},
  {kind: 'ready', epoch: 0, inputFrom: []},
  {kind: 'fed', epoch: 0},
  {kind: 'kept-from', epoch: 0, hopIndex: 0, position: 0},
  {kind: 'tokens', epoch: 0, position: 0, tokens: [asToken(1)]},
  {kind: 'refused', epoch: 0, refusal: {code: 'PEER_LEFT', peerId: asPeerId('a')}},
  {kind: 'served', epoch: 0, hops: []},
  {kind: 'snapshot'},
  {kind: 'tick'},
  {kind: 'link-lost', peerId: asPeerId('a')},
  {kind: 'unlisted', peerId: asPeerId('a')},
  {kind: 'reached', peerId: asPeerId('a')},
  {kind: 'renewed', peerId: asPeerId('a')},
  {kind: 'stop'},
];

const SILENT = {kind: 'tick', nowMs: 16_000} as const;
/** States at the end of long ways, which chance does not find every time. */
const FAR = [
  after(taskWith(), ...TWO_SHOWN, SILENT),
  after(taskWith(), ...TWO_SHOWN, tokens(0, 7, 99)),
  startGeneration(taskWith({contextTokens: 1})),
];

test('[GN13] every event has an answer in every state, and what is over stays so', () => {
  const met = new Set<string>();
  const look = (state: GenerationState, nowMs: number) => {
    met.add(state.kind);
    for (const seen of EACH_KIND) {
      const next = stepGeneration(state, {...placed(state, seen), nowMs: nowMs + 100_000});
      if (isOver(state)) expect(next).toEqual({state, actions: []});
    }
  };
  for (const {state} of FAR) look(state, 0);
  fc.assert(
    fc.property(someTask, someEvents, (task, events) => {
      live(task, events, ({answer}, {state}, {nowMs}) => {
        expect(state.answer.task).toBe(answer.task);
        look(state, nowMs);
      });
    }),
    {numRuns: 300},
  );
  const kinds = 'choosing waiting opening feeding decoding searching complete stopped failed';
  expect([...met].toSorted()).toEqual(kinds.split(' ').toSorted());
});

test('[GN13] tokens that were shown never change, and what the reader got is what is kept', () => {
  fc.assert(
    fc.property(someTask, someEvents, (task, events) => {
      const heard: number[] = [];
      const {answer} = live(task, events, (before, step) => {
        const shown = step.state.answer.tokenIds.slice(0, before.answer.tokenIds.length);
        expect(shown).toEqual(before.answer.tokenIds);
        for (const action of step.actions) {
          if (action.kind !== 'tell' || action.news.kind !== 'token') continue;
          heard.push(action.news.token.tokenId);
        }
      });
      expect(heard).toEqual(answer.tokenIds);
      expect(heard.length).toBeLessThanOrEqual(task.maxNewTokens);
    }),
    {numRuns: 500},
  );
});

test('[GN13] in one epoch a token is asked for once, behind the last one, and each position goes to the head once', () => {
  fc.assert(
    fc.property(someTask, someEvents, (task, events) => {
      const fedTo = new Map<number, number>();
      const asked = new Set<number>();
      live(task, events, (before, step) => {
        expect(step.state.answer.epoch).toBeGreaterThanOrEqual(before.answer.epoch);
        for (const action of step.actions) {
          if (action.kind !== 'feed') continue;
          const {epoch, position, tokenIds, sample} = action;
          const {answer} = step.state;
          const all = [...task.promptTokenIds, ...answer.tokenIds];
          const to = position + tokenIds.length;
          expect(tokenIds).toEqual(all.slice(position, to));
          expect(position).toBe(fedTo.get(epoch) ?? position);
          fedTo.set(epoch, to);
          expect(sample).toBe(to === all.length);
          if (!sample) continue;
          expect(asked.has(epoch)).toBe(false);
          asked.add(epoch);
        }
      });
    }),
    {numRuns: 500},
  );
});
