import {describe, expect, test} from 'vitest';
import {asPeerId, asSessionId, type PeerId} from '#shared/base/ids.ts';
import {HOP_LIMITS} from './hop-session/hop-context.ts';
import {
  failed,
  HEAD,
  kindsOf,
  MiddleHop,
  opening,
  OTHER,
  replies,
  SESSION,
} from './testing/middle-hop.ts';

const SQUATTER = asPeerId('squatter');
const {openTimeoutMs, unusedTimeoutMs, idleTimeoutMs, maxSessions} = HOP_LIMITS;

const idOf = (number: number) => asSessionId(String(number).padStart(16, '0'));

/** Opens sessions `[from, to)` for one client, all by way of the head. */
function openMany(
  bench: MiddleHop,
  {from, to, clientId}: {readonly from: number; readonly to: number; readonly clientId: PeerId},
) {
  return Array.from({length: to - from}, (_, i) => bench.open(opening({clientId}), idOf(from + i)));
}

const sweep = (bench: MiddleHop, nowMs: number) => replies(bench.machine.sweep(nowMs));
const openSessionsOf = (bench: MiddleHop) => bench.machine.load.openSessions;

/** Whether a newcomer gets in, when each of these has come forward by a step every so often for ten minutes. */
function getsIn(
  everyMs: number,
  squats: readonly {readonly clientId: PeerId; readonly opener?: PeerId}[],
): boolean {
  const bench = new MiddleHop();
  const opened = squats.map(({clientId, opener = HEAD}, number) => {
    const hops = opening().hops.map((hop, at) => (at === 0 ? {...hop, peerId: opener} : hop));
    const sessionId = idOf(number);
    bench.hear(opening({clientId, hops, maxNewTokens: 60}), {from: opener, sessionId});
    bench.machine.step(sessionId, {kind: 'reserved', epoch: 0, position: 0});
    bench.machine.step(sessionId, {kind: 'linked', epoch: 0});
    return {sessionId, from: opener};
  });
  for (let at = 0; at < Math.min(60, 600_000 / everyMs); at += 1) {
    for (const {sessionId, from} of opened) bench.frame(at, {sessionId, from});
    bench.run();
    sweep(bench, bench.nowMs);
    bench.nowMs += everyMs;
  }
  expect(openSessionsOf(bench)).toBe(squats.length);
  return kindsOf(bench.open()).includes('reserve');
}

const [A, B] = [asPeerId('a'), asPeerId('b')];
const ofTwo = Array.from({length: maxSessions}, (_, at) => ({clientId: at < 4 ? A : B}));
const madeUp = ofTwo.map((_, at) => ({clientId: asPeerId(`made-up-${at}`), opener: SQUATTER}));
const ofEight = ofTwo.map((_, at) => ({clientId: asPeerId(`client-${at}`)}));

describe('shares', () => {
  test('[HS15] one client gets three quarters of the sessions, and the rest is for others', () => {
    const bench = new MiddleHop();
    const answers = openMany(bench, {from: 0, to: maxSessions, clientId: SQUATTER});
    const refused = {to: HEAD, ...failed('SESSIONS_FULL')};
    expect(answers.slice(6).map(replies)).toEqual([[refused], [refused]]);
    expect(openSessionsOf(bench)).toBe(6);
    expect(kindsOf(bench.open())).toEqual(['reserve', 'link']);
  });

  test('[HS15] of the cache, too; but a single session may be of any length', () => {
    const bench = new MiddleHop({kvTokens: 40});
    // 31 of 40 positions: more than three quarters, and the only one.
    bench.open(opening({clientId: SQUATTER, promptTokens: 28}), idOf(1));
    const more = bench.open(
      opening({clientId: SQUATTER, promptTokens: 1, maxNewTokens: 1}),
      idOf(2),
    );
    expect(replies(more)).toEqual([{to: HEAD, ...failed('KV_FULL')}]);
    expect(kindsOf(bench.open())).toEqual(['reserve', 'link']);
  });

  test('[HS16] at a full hop a session that was never used gives its place to a client who has less', () => {
    const bench = new MiddleHop();
    openMany(bench, {from: 0, to: 6, clientId: SQUATTER});
    openMany(bench, {from: 6, to: 8, clientId: OTHER});
    const actions = bench.open();
    expect(replies(actions)).toContainEqual({to: HEAD, ...failed('SESSIONS_FULL')});
    expect(actions).toContainEqual(expect.objectContaining({kind: 'reserve'}));
    expect(openSessionsOf(bench)).toBe(maxSessions);
    expect(
      kindsOf(bench.hear({kind: 'close-session', reason: 'done'}, {sessionId: idOf(0)})),
    ).toEqual([]);
  });

  test('[HS16] nor does it help to make up a client for each: they count for who opens', () => {
    const bench = new MiddleHop();
    for (let number = 0; number < maxSessions; number += 1) {
      const clientId = asPeerId(`made-up-${number}`);
      const hops = opening().hops.map((hop, at) => (at === 0 ? {...hop, peerId: SQUATTER} : hop));
      const sessionId = idOf(number);
      bench.hear(opening({clientId, hops}), {from: SQUATTER, sessionId});
      bench.machine.step(sessionId, {kind: 'reserved', epoch: 0, position: 0});
      bench.machine.step(sessionId, {kind: 'linked', epoch: 0});
    }
    expect(openSessionsOf(bench)).toBe(maxSessions);
    const actions = bench.open();
    expect(replies(actions)).toContainEqual({to: SQUATTER, ...failed('SESSIONS_FULL')});
    expect(actions).toContainEqual(expect.objectContaining({kind: 'reserve'}));
  });

  test.each([
    ['two clients that fill a hop', ofTwo, {slow: 3_000, pace: 1_500}],
    ['made-up clients of one that opens', madeUp, {slow: 3_000, pace: 1_500}],
    ['a client for each session', ofEight, {slow: 6_000, pace: 3_000}],
  ])('[HS16] %s keep it only while they come forward', (_, squats, {slow, pace}) => {
    expect(getsIn(slow, squats)).toBe(true);
    expect(getsIn(59_000, squats)).toBe(true);
    expect(getsIn(pace, squats)).toBe(false);
    expect(getsIn(59_000, squats.slice(1))).toBe(true);
  });

  test('[HS16] nor does it help a session to go back and come again, or to be opened again', () => {
    const bench = new MiddleHop({maxSessions: 1});
    bench.open(opening({clientId: SQUATTER}), idOf(0));
    for (let epoch = 0; epoch < 40; epoch += 1) {
      bench.frame(0, {sessionId: idOf(0), epoch});
      bench.run();
      bench.nowMs += 1_000;
      expect(kindsOf(bench.open(opening(), idOf(1_000 + epoch))).includes('reserve')).toBe(
        bench.nowMs > 35_000,
      );
      if (bench.nowMs > 35_000) return;
      bench.open(opening({clientId: SQUATTER, epoch: epoch + 1}), idOf(0));
    }
    expect.unreachable('the place is given away');
  });

  test('[HS16] a session that runs gives its place to nobody', () => {
    const bench = new MiddleHop({maxSessions: 2});
    bench.open(opening({clientId: SQUATTER}), idOf(1));
    bench.frame(0, {sessionId: idOf(1)});
    bench.open(opening({clientId: OTHER}), idOf(2));
    bench.frame(0, {sessionId: idOf(2)});
    expect(replies(bench.open())).toEqual([{to: HEAD, ...failed('SESSIONS_FULL')}]);
  });

  test('[HS17] when the engine has no room, a cache that only waits gives way, and the same session tries again', () => {
    const bench = new MiddleHop();
    bench.serveUntil(4);
    bench.machine.peerLeft(asPeerId('tail'), 0);
    const second = idOf(2);
    bench.hear(opening(), {sessionId: second});
    const full = {kind: 'broken', epoch: 0, code: 'KV_FULL', nowMs: 0} as const;
    const again = bench.machine.step(second, full);
    expect(kindsOf(again)).toEqual(['pass-close', 'free', 'reserve']);
    expect(again.at(-1)).toMatchObject({place: {sessionId: second}, kvTokens: 7, position: 0});
    expect(replies(bench.machine.step(second, full))).toEqual([{to: HEAD, ...failed('KV_FULL')}]);
  });
});

describe('deadlines', () => {
  const expired = {to: HEAD, ...failed('SESSION_EXPIRED')};

  test('[HS18] what is opened and never ready, and what is ready and never used, ends long before what runs', () => {
    const opened = new MiddleHop();
    opened.hear(opening());
    expect(sweep(opened, openTimeoutMs)).toEqual([]);
    expect(sweep(opened, openTimeoutMs + 1)).toEqual([expired]);

    const ready = new MiddleHop();
    ready.open();
    expect(sweep(ready, unusedTimeoutMs)).toEqual([]);
    expect(sweep(ready, unusedTimeoutMs + 1)).toEqual([expired]);

    const used = new MiddleHop();
    used.open();
    used.frame(0);
    used.run();
    expect(sweep(used, idleTimeoutMs)).toEqual([]);
    expect(sweep(used, idleTimeoutMs + 1)).toEqual([expired]);
  });

  test('[HS18] neither frames that are dropped, nor opening it again and again, gain a session time', () => {
    const bench = new MiddleHop();
    bench.open();
    for (let epoch = 1; epoch < 5; epoch += 1) {
      bench.nowMs += unusedTimeoutMs / 5;
      bench.open(opening({epoch}));
      bench.frame(0, {epoch: epoch - 1});
      bench.frame(0, {epoch, from: OTHER});
    }
    expect(openSessionsOf(bench)).toBe(1);
    expect(sweep(bench, unusedTimeoutMs + 1)).toEqual([expired]);
  });

  test('[HS18] frames that are dropped while others wait their turn gain none either', () => {
    const bench = new MiddleHop();
    bench.open();
    bench.frame(0);
    bench.run();
    bench.nowMs = idleTimeoutMs;
    bench.frame(1, {from: OTHER});
    expect(sweep(bench, idleTimeoutMs + 1)).toEqual([expired]);
    expect(bench.frame(1, {sessionId: SESSION})).toEqual([]);
  });
});
