import {expect, test} from 'vitest';
import {wakeAtMs} from './state/generation-state.ts';
import {
  A,
  after,
  avoided,
  B,
  C,
  chain,
  fed,
  ready,
  refused,
  reportsOf,
  task,
  tokens,
  TWO_SHOWN,
} from './testing/generation-script.ts';

const due = (
  ...events: Parameters<typeof after> extends readonly [unknown, ...infer E] ? E : never
) => wakeAtMs(after(task(), ...events).state);

const predicted = (stepMs: number) => ({...chain(A, B, C), stepMs});
const FED = [ready(0, 0, 0, 0), fed(0), fed(0), fed(0)];

test('[GN20] an opening has 15 s and 5 s for each hop, a prompt three times what it is predicted to take beside the slack and twenty steps', () => {
  expect(due(chain(A))).toBe(20_000);
  expect(due(chain(A, B, C))).toBe(30_000);
  // Five tokens in three pieces.
  expect(due(predicted(10), ...FED)).toBe(15_000 + 1_000 + 3 * (5 * 1 + 3 * 10));
  expect(due({...predicted(200), promptTokenMs: 40}, ...FED)).toBe(
    15_000 + 4_000 + 3 * (5 * 40 + 3 * 200),
  );
});

test('[GN20] whatever its hops say of prompts, none takes longer than its tokens one by one', () => {
  expect(due({...predicted(10), promptTokenMs: 1e6}, ...FED)).toBe(15_000 + 1_000 + 3 * 5 * 10);
});

test('[GN20] silence of a minute is a failure also before the first token of a long prompt', () => {
  const long = task({
    promptTokenIds: Array.from({length: 2_000}, () => 11),
    contextTokens: 2_048,
    pieceTokens: 28,
  });
  const pieces = Array.from({length: 72}, () => fed(0));
  const asked = [{...predicted(100), promptTokenMs: 2}, ready(0, 0, 0, 0), ...pieces];
  expect(wakeAtMs(after(long, ...asked).state)).toBeLessThan(60_000);
});

/** How many tokens come before the chain fails, if one comes every so often. */
function tokensAtPace(stepMs: number, everyMs: number, most: number): number {
  const long = task({maxNewTokens: most + 1, limits: task().limits});
  const events: Parameters<typeof after>[1][] = [predicted(stepMs), ...FED];
  for (let shown = 0; shown < most; shown += 1) {
    const nowMs = shown * everyMs;
    const wakeMs = wakeAtMs(after(long, ...events).state) ?? Infinity;
    if (wakeMs < nowMs) return shown;
    events.push({...tokens(0, 5 + shown, 21), nowMs});
  }
  return most;
}

test('[GN20] a chain that takes ten times what was predicted has not failed, and one that drips has', () => {
  expect(tokensAtPace(200, 2_000, 60)).toBe(60);
  expect(tokensAtPace(10, 1_000, 60)).toBe(60);
  expect(tokensAtPace(10, 59_000, 60)).toBe(1);
  expect(tokensAtPace(10, 14_000, 60)).toBe(2);
  expect(tokensAtPace(10, 5_000, 60)).toBeLessThan(6);
});

test('[GN20] one pause of 15 s is no fault, and a client that slept itself blames nobody', () => {
  const paused = [...TWO_SHOWN, {...tokens(0, 7, 23), nowMs: 15_500}];
  expect(after(task({maxNewTokens: 9}), ...paused).state.kind).toBe('decoding');
  const slept = after(task(), ...TWO_SHOWN, {kind: 'tick', nowMs: 60_000});
  expect(slept.state.kind).toBe('decoding');
  expect(wakeAtMs(slept.state)).toBe(75_000);
});

const SILENT = {kind: 'tick', nowMs: 16_000} as const;
const reached = (hopIndex: number, position: number) =>
  ({kind: 'kept-from', epoch: 0, hopIndex, position, nowMs: 16_100}) as const;
const GIVE_UP = {kind: 'tick', nowMs: 19_000} as const;

test('[GN21] after the first token, the hops of a chain that fell silent are asked how far they are', () => {
  const asked = after(task(), ...TWO_SHOWN, SILENT);
  expect(asked.actions).toEqual([
    {kind: 'replay', epoch: 0, hopIndex: 0, position: 9},
    {kind: 'replay', epoch: 0, hopIndex: 1, position: 9},
  ]);
  expect(wakeAtMs(asked.state)).toBe(19_000);
});

test.each([
  ['the tail, when all others have run the last token', 'c', [reached(0, 7), reached(1, 7)]],
  ['the hop that has run less than the one in front of it', 'b', [reached(0, 7), reached(1, 6)]],
  ['the hop that does not answer', 'b', [reached(0, 7), GIVE_UP]],
  ['the head that does not answer', 'a', [reached(1, 7), GIVE_UP]],
  ['the head that is behind', 'a', [reached(0, 6), reached(1, 6)]],
])(
  '[GN21] it is lost by SESSION_EXPIRED of %s, and the others keep their caches',
  (_, peerId, events) => {
    const {state, actions} = after(task(), ...TWO_SHOWN, SILENT, ...events);
    expect(state).toMatchObject({
      kind: 'choosing',
      answer: {tokenIds: [21, 22], lastRefusal: {code: 'SESSION_EXPIRED', peerId}},
    });
    expect(actions.at(-1)).toMatchObject({
      avoid: avoided({[peerId]: 'silent'}),
      warm: [A, B, C].filter((hop) => hop.peerId !== peerId),
    });
  },
);

test('[GN21] only of the head the client knows for itself that it is silent', () => {
  const silent = [...TWO_SHOWN, SILENT];
  expect(reportsOf(task(), ...silent, GIVE_UP)).toEqual(['a: silent']);
  expect(reportsOf(task(), ...silent, reached(0, 7), GIVE_UP)).toEqual([
    'b: silent?',
    'a: lied?',
    'c: lied?',
  ]);
  const alone = [chain({...A, endLayer: 6}), ready(0, 0), fed(0), fed(0), fed(0), tokens(0, 5, 21)];
  expect(reportsOf(task(), ...alone, SILENT)).toEqual(['a: silent']);
  const refusal = {...refused(0, 'ENGINE_LOST', A.peerId), nowMs: 16_050};
  expect(after(task(), ...silent, refusal).state).toMatchObject({
    answer: {lastRefusal: {code: 'ENGINE_LOST', peerId: 'a'}},
  });
});
