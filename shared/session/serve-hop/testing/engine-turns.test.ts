import {expect, test} from 'vitest';
import {asSessionId, type SessionId} from '#shared/base/ids.ts';
import {CLIENT, MiddleHop, opening, SESSION} from './middle-hop.ts';

const idOf = (digit: string) => asSessionId(`00000000000000${digit}0`);
const SECOND = idOf('b');

function times<T>(count: number, value: T): readonly T[] {
  return Array.from({length: count}, () => value);
}

/** Runs all that waits. @returns each turn's session and tokens; steps that ran as one are one turn. */
function take(bench: MiddleHop): readonly (readonly [SessionId, number])[] {
  const taken: [SessionId, number][] = [];
  for (let turns = bench.machine.take(8); turns.length > 0; turns = bench.machine.take(8)) {
    for (const turn of turns) {
      taken.push([turn.frame.sessionId, turn.frame.tokenCount]);
      bench.machine.release(turn);
    }
  }
  return taken;
}

test('[HS19] steps of one token through the same layers run as one, a piece of a prompt by itself, in their turns', () => {
  const bench = new MiddleHop();
  const [one, two, third, prompt] = [idOf('a'), idOf('b'), idOf('c'), idOf('d')];
  for (const sessionId of [one, two, prompt]) bench.open(opening(), sessionId);
  // Those in front of it and behind it have other layers.
  const elsewhere = opening();
  const hops = elsewhere.hops.map((hop, at) => (at === 0 ? hop : {...hop, startLayer: at + 2}));
  bench.open(
    {...elsewhere, hops: hops.map((hop, at) => ({...hop, endLayer: [3, 4, 6][at] ?? 6}))},
    third,
  );
  for (const sessionId of [one, third, two]) bench.frame(0, {sessionId});
  bench.frame(0, {sessionId: prompt, tokenCount: 4});
  bench.frame(1, {sessionId: one});
  const taken: unknown[] = [];
  for (let turns = bench.machine.take(8); turns.length > 0; turns = bench.machine.take(8)) {
    taken.push(turns.map(({place}) => place.sessionId));
    for (const turn of turns) bench.machine.release(turn);
  }
  expect(taken).toEqual([[one, two], [prompt], [third], [one]]);
  for (const sessionId of [one, two]) bench.frame(sessionId === one ? 2 : 1, {sessionId});
  expect([1, 2].map(() => bench.machine.take(1).length)).toEqual([1, 1]);
});

test('[HS20] however many prompts there are, a step waits for one piece of them, and a piece for no more than the steps that it held up', () => {
  const bench = new MiddleHop({maxSessions: 16});
  const answers = ['a', 'b', 'c'].map(idOf);
  const prompts = ['d', 'e', 'f', 'g'].map(idOf);
  for (const sessionId of prompts) bench.open(opening({promptTokens: 12}), sessionId);
  for (const sessionId of answers) bench.open(opening(), sessionId);
  for (const sessionId of prompts) {
    for (let piece = 0; piece < 3; piece += 1) {
      bench.frame(4 * piece, {sessionId, tokenCount: 4});
    }
  }
  for (const sessionId of answers) bench.frame(0, {sessionId});
  const taken: string[] = [];
  const ran = new Map(answers.map((sessionId) => [sessionId, 0]));
  for (let turns = bench.machine.take(8); turns.length > 0; turns = bench.machine.take(8)) {
    taken.push(turns[0]?.frame.tokenCount === 1 ? `${turns.length} steps` : 'piece');
    for (const turn of turns) {
      bench.machine.release(turn);
      const {sessionId} = turn.frame;
      const steps = ran.get(sessionId);
      if (steps === undefined || steps === 5) continue;
      // The next token comes while a piece runs.
      ran.set(sessionId, steps + 1);
      bench.frame(steps + 1, {sessionId});
    }
  }
  const each = ['piece', '3 steps'];
  expect(taken).toEqual([
    ...each,
    ...each,
    ...each,
    ...each,
    ...each,
    ...each,
    ...Array.from({length: 6}, () => 'piece'),
  ]);
});

/** Opens sessions whose frames of four tokens wait, so many of each. */
function openPrompts(bench: MiddleHop, frames: readonly (readonly [SessionId, number])[]): void {
  for (const [sessionId, count] of frames) {
    bench.open(opening({promptTokens: 40}), sessionId);
    for (let at = 0; at < count; at += 1) bench.frame(4 * at, {sessionId, tokenCount: 4});
  }
}

test.each([
  // Of two layers: 4 ms a piece, and 100 ms, which is two turns.
  {perTokenMs: 0.5, inRow: 8},
  {perTokenMs: 12.5, inRow: 4},
])(
  '[HS22] prompts run one after the other, and a long one gives way after eight turns: $inRow pieces of $perTokenMs ms a token',
  ({perTokenMs, inRow}) => {
    const bench = new MiddleHop({maxSessions: 16});
    bench.machine.pace({fixedMs: 0, perTokenMs});
    const [long, first, second] = [idOf('a'), idOf('b'), idOf('c')];
    openPrompts(bench, [
      [long, 10],
      [first, 3],
      [second, 3],
    ]);
    expect(take(bench).map(([sessionId]) => sessionId)).toEqual([
      ...times(inRow, long),
      ...times(3, first),
      ...times(3, second),
      ...times(10 - inRow, long),
    ]);
  },
);

test('[HS21] [HS22] while no answer runs, a prompt in the longest frames gives way after the time of its turns', () => {
  const bench = new MiddleHop();
  bench.machine.pace({fixedMs: 0, perTokenMs: 12.5});
  bench.open(opening({promptTokens: 60}));
  bench.frame(0, {tokenCount: 60});
  openPrompts(bench, [[SECOND, 1]]);
  expect(take(bench)).toEqual([
    [SESSION, 16],
    [SECOND, 4],
    [SESSION, 16],
    [SESSION, 16],
    [SESSION, 12],
  ]);
});

test('[HS21] a slow hop gives its engine a prompt in parts while another answer runs there, as slow as it is now, and in longer ones before and after', () => {
  const bench = new MiddleHop();
  bench.open(opening({promptTokens: 60}));
  const takenAt = (position: number, tokenCount = 12) => {
    bench.frame(position, {tokenCount});
    return take(bench).map(([, tokens]) => tokens);
  };
  // Two layers.
  bench.machine.pace({fixedMs: 0, perTokenMs: 3});
  expect(takenAt(0)).toEqual([12]);
  // Its own steps are no other answer's.
  expect(takenAt(12, 1)).toEqual([1]);
  expect(takenAt(13, 11)).toEqual([11]);
  bench.open(opening({promptTokens: 1}), SECOND);
  bench.frame(0, {sessionId: SECOND});
  expect(take(bench)).toEqual([[SECOND, 1]]);
  expect(takenAt(24)).toEqual([8, 4]);
  bench.machine.pace({fixedMs: 0, perTokenMs: 1});
  expect(takenAt(36)).toEqual([12]);
  bench.machine.pace({fixedMs: 0, perTokenMs: 3});
  bench.hear({kind: 'close-session', reason: 'done'}, {from: CLIENT, sessionId: SECOND});
  expect(takenAt(48)).toEqual([12]);
});
