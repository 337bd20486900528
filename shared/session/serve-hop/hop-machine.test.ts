import {describe, expect, test} from 'vitest';
import {asSessionId} from '#shared/base/ids.ts';
import {
  CLIENT,
  failed,
  HEAD,
  KEEP_MS,
  kindsOf,
  MiddleHop,
  MID,
  opening,
  OTHER,
  sent,
  SESSION,
  TAIL,
  replies,
} from './testing/middle-hop.ts';

describe('frames', () => {
  test('[HS1] frames in order run, and go on to the next hop in their order', () => {
    const bench = new MiddleHop();
    bench.open();
    bench.frame(0, {tokenCount: 3});
    bench.frame(3);
    expect(sent(bench.run())).toEqual([
      {position: 0, tokenCount: 3, values: [0, 1, 2], epoch: 0},
      {position: 3, tokenCount: 1, values: [3], epoch: 0},
    ]);
  });

  test.each([1, 5])(
    '[HS2] a frame at position %i instead of the next ends the session',
    (position) => {
      const bench = new MiddleHop();
      bench.open();
      expect(replies(bench.frame(position))).toEqual([{to: HEAD, ...failed('OUT_OF_ORDER', 0)}]);
      expect(bench.machine.load).toMatchObject({openSessions: 0, waitingCaches: 0});
    },
  );

  test('[HS3] a frame of a lower epoch is dropped without a word, one of a higher epoch is refused', () => {
    const bench = new MiddleHop();
    bench.open(opening({epoch: 3}));
    expect(bench.frame(0, {epoch: 2, from: OTHER, position: 9})).toEqual([]);
    expect([...bench.machine.load.refusals]).toEqual([]);
    expect(replies(bench.frame(0, {epoch: 4}))).toEqual([{to: HEAD, ...failed('OUT_OF_ORDER', 0)}]);
  });

  test('[HS4] a frame past the reserved cache is refused', () => {
    const bench = new MiddleHop();
    bench.open();
    expect(replies(bench.frame(0, {tokenCount: 8}))).toEqual([{to: HEAD, ...failed('KV_FULL', 0)}]);
  });

  test('[HS7] a frame before the opening was passed on is refused', () => {
    const bench = new MiddleHop();
    bench.hear(opening());
    expect(replies(bench.frame(0))).toEqual([{to: HEAD, ...failed('OUT_OF_ORDER', 0)}]);
  });

  test('[HS13] a tail says that it cannot verify yet', () => {
    const bench = new MiddleHop();
    const hops = [HEAD, MID].map((peerId, at) => ({
      peerId,
      startLayer: 3 * at,
      endLayer: 3 * at + 3,
      warmPosition: 0,
    }));
    bench.open(opening({hops}));
    const actions = bench.frame(0, {sample: true, verify: true});
    expect(replies(actions)[0]).toEqual({to: HEAD, ...failed('UNSUPPORTED')});
  });
});

describe('blame', () => {
  test('[HS14] whoever sent a frame that cannot be is to blame, not the hop that refuses it', () => {
    for (const code of ['BAD_PAYLOAD', 'OUT_OF_ORDER'] as const) {
      const bench = new MiddleHop();
      bench.open();
      const broken = {kind: 'broken', epoch: 0, code, nowMs: 0} as const;
      const actions = bench.machine.step(SESSION, broken);
      expect(replies(actions)).toEqual([{to: HEAD, ...failed(code, 0)}]);
    }
  });

  test('[HS14] an engine that stops, and a tail that cannot verify, are to blame themselves', () => {
    const bench = new MiddleHop();
    bench.open();
    const broken = {kind: 'broken', epoch: 0, code: 'ENGINE_LOST', nowMs: 0} as const;
    expect(replies(bench.machine.step(SESSION, broken))).toEqual([
      {to: HEAD, ...failed('ENGINE_LOST', 1)},
    ]);
  });
});

describe('truncation', () => {
  test('[HS5] a higher epoch may go back to a position that the cache holds, never beyond it', () => {
    const bench = new MiddleHop();
    bench.serveUntil(6);
    bench.frame(6);
    const actions = bench.hear({kind: 'truncate', epoch: 1, position: 5}, {epoch: 1});
    expect(actions).toMatchObject([
      {kind: 'truncate', position: 5},
      {kind: 'tell', to: TAIL, message: {kind: 'truncate', epoch: 1, position: 5}},
    ]);
    expect(sent(bench.run())).toEqual([]);
    bench.frame(5, {epoch: 1});
    expect(sent(bench.run())).toMatchObject([{position: 5, epoch: 1}]);
    const beyond = bench.hear({kind: 'truncate', epoch: 2, position: 7}, {epoch: 2});
    expect(replies(beyond)).toContainEqual({to: HEAD, ...failed('OUT_OF_ORDER')});
  });

  test('[HS5] what ran in the epoch before is neither sent nor counted as held', () => {
    const bench = new MiddleHop();
    bench.serveUntil(5);
    bench.frame(5);
    const [turn] = bench.machine.take(1);
    bench.hear({kind: 'truncate', epoch: 1, position: 5}, {epoch: 1});
    const output = {kind: 'hidden', dtype: 'f16', bytes: new Uint8Array(4)} as const;
    expect(turn === undefined ? [] : bench.machine.ran(turn, output, 0)).toEqual([]);
    const [, link] = bench.open(opening({epoch: 2, warm: [9, 9, 9]}));
    expect(link).toMatchObject({kind: 'link', message: {hops: [{}, {warmPosition: 5}, {}]}});
  });
});

describe('the end', () => {
  test('[HS6] closing frees the cache once, and goes down the chain; frames after it are nobody’s fault', () => {
    const bench = new MiddleHop();
    bench.open();
    const close = {kind: 'close-session', reason: 'done'} as const;
    expect(kindsOf(bench.hear(close))).toEqual(['pass-close', 'free']);
    expect(bench.hear(close)).toEqual([]);
    expect(bench.frame(0)).toEqual([]);
    const unknown = bench.frame(0, {sessionId: asSessionId('00000000000000ff')});
    expect(replies(unknown)).toMatchObject([{to: HEAD, code: 'UNKNOWN_SESSION'}]);
  });

  test('[HS6] a close of a lower epoch, or by who has no say, changes nothing', () => {
    const bench = new MiddleHop();
    bench.open(opening({epoch: 2}));
    const close = {kind: 'close-session', reason: 'done'} as const;
    expect(bench.hear(close, {from: CLIENT, epoch: 1})).toEqual([]);
    expect(bench.hear(close, {from: TAIL, epoch: 2})).toEqual([]);
    expect([...bench.machine.load.refusals]).toEqual([['MISADDRESSED', 1]]);
    expect(kindsOf(bench.hear(close, {from: CLIENT, epoch: 2}))).toEqual(['pass-close', 'free']);
  });

  test('[HS11] the loss of a neighbour is reported up the chain; the cache waits only if the client asked for that', () => {
    for (const keep of ['nothing', 'after-loss'] as const) {
      const bench = new MiddleHop();
      bench.open(opening({keep}));
      bench.frame(0, {tokenCount: 4});
      bench.run();
      const actions = bench.machine.peerLeft(TAIL, 0);
      expect(replies(actions)).toEqual([{to: HEAD, ...failed('PEER_LEFT', 2)}]);
      expect(bench.machine.load).toMatchObject({
        openSessions: 0,
        waitingCaches: keep === 'nothing' ? 0 : 1,
      });
      bench.nowMs = KEEP_MS;
      bench.machine.sweep(bench.nowMs);
      expect(bench.machine.load).toMatchObject({openSessions: 0, waitingCaches: 0});
      expect([...bench.machine.load.refusals]).toEqual([['PEER_LEFT', 1]]);
    }
  });

  test('[HS11] a head does without its client as soon as it has run the prompt', () => {
    for (const promptPieces of [1, 2]) {
      const bench = new MiddleHop();
      const peers = [MID, OTHER, TAIL];
      const hops = opening().hops.map((hop, at) => ({...hop, peerId: peers[at] ?? TAIL}));
      bench.open(opening({hopIndex: 0, hops}), SESSION, CLIENT);
      for (let piece = 0; piece < promptPieces; piece += 1) {
        const tokens = {kind: 'tokens', dtype: 'u32', tokenCount: 2, hopIndex: 0} as const;
        bench.frame(2 * piece, {...tokens, from: CLIENT});
      }
      bench.run();
      const isMissed = promptPieces === 1;
      const {length} = bench.machine.peerLeft(CLIENT, 0);
      expect(length > 0).toBe(isMissed);
      expect(bench.machine.load.openSessions).toBe(isMissed ? 0 : 1);
    }
  });

  test('[HS11] a cache that holds nothing does not wait, and one may wait after the end', () => {
    const empty = new MiddleHop();
    empty.open();
    empty.machine.peerLeft(HEAD, 0);
    expect(empty.machine.load.openSessions).toBe(0);
    const ended = new MiddleHop();
    ended.open(opening({keep: 'after-end'}));
    ended.frame(0, {tokenCount: 4});
    ended.run();
    expect(kindsOf(ended.hear({kind: 'close-session', reason: 'done'}))).toEqual(['pass-close']);
    expect(ended.machine.load).toMatchObject({openSessions: 0, waitingCaches: 1});
    ended.hear({kind: 'close-session', reason: 'cancelled'});
    expect(ended.machine.load).toMatchObject({openSessions: 0, waitingCaches: 0});
  });

  test('[HS12] a cache that only waits gives its place to whoever opens', () => {
    const bench = new MiddleHop({maxSessions: 1});
    bench.serveUntil(4);
    const second = asSessionId('00000000000000aa');
    expect(replies(bench.open(opening(), second))).toMatchObject([{code: 'SESSIONS_FULL'}]);
    bench.machine.peerLeft(TAIL, 0);
    expect(kindsOf(bench.open(opening(), second))).toEqual([
      'pass-close',
      'free',
      'reserve',
      'link',
    ]);
  });
});
