import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {
  CLIENT,
  HEAD,
  HIDDEN_SIZE,
  MiddleHop,
  MID,
  opening,
  OTHER,
  SESSION,
  sent,
  TAIL,
  replies,
} from './testing/middle-hop.ts';

describe('resuming', () => {
  test.each([
    [6, 6],
    [5, 5],
    [7, 6],
    [0, 0],
  ])('[HS8] what the client believes is %i, what is held 6: it begins at %i', (warm, position) => {
    const bench = new MiddleHop();
    bench.serveUntil(6);
    const actions = bench.open(opening({epoch: 1, warm: [3, warm, 2]}));
    expect(actions).toMatchObject([
      {kind: 'reserve', position},
      {
        kind: 'link',
        message: {hopIndex: 2, hops: [{warmPosition: 3}, {warmPosition: position}, {}]},
      },
    ]);
    expect(replies(bench.frame(position + 1, {epoch: 1}))).toMatchObject([{code: 'OUT_OF_ORDER'}]);
  });

  test('[HS8] it begins at 0 where the engine has dropped what it needs', () => {
    const bench = new MiddleHop();
    bench.serveUntil(6);
    const open = opening({epoch: 1, warm: [5, 5, 5]});
    expect(bench.hear(open, {epoch: 1})).toMatchObject([{kind: 'reserve', position: 5}]);
    const [link] = bench.machine.step(SESSION, {kind: 'reserved', epoch: 1, position: 0});
    expect(link).toMatchObject({message: {hops: [{}, {warmPosition: 0}, {}]}});
    bench.machine.step(SESSION, {kind: 'linked', epoch: 1});
    bench.frame(0, {epoch: 1, tokenCount: 6});
    // The next hop holds five.
    expect(sent(bench.run())).toMatchObject([{position: 5, tokenCount: 1}]);
  });

  test('[HS8] the tail tells the client per hop from where it needs input', () => {
    const bench = new MiddleHop();
    const hops = [HEAD, MID].map((peerId, at) => ({
      peerId,
      startLayer: 3 * at,
      endLayer: 3 * at + 3,
      warmPosition: at === 0 ? 5 : 4,
    }));
    const [, link] = bench.open(opening({hops}));
    expect(link).toMatchObject({
      to: CLIENT,
      peers: [HEAD],
      visitors: [CLIENT],
      message: {kind: 'session-ready', inputFrom: [5, 0]},
    });
  });

  test('[HS8] other layers start from scratch, another client is refused, and so is the same epoch', () => {
    const bench = new MiddleHop();
    bench.serveUntil(6);
    const stolen = bench.hear(opening({epoch: 1, clientId: OTHER}), {epoch: 1});
    expect(replies(stolen)).toMatchObject([{to: HEAD, code: 'MISADDRESSED'}]);
    expect(replies(bench.hear(opening()))).toMatchObject([{code: 'SESSION_EXISTS'}]);
    const hops = [
      {peerId: HEAD, startLayer: 0, endLayer: 1, warmPosition: 6},
      {peerId: MID, startLayer: 1, endLayer: 6, warmPosition: 6},
    ];
    expect(bench.hear(opening({epoch: 1, hops}), {epoch: 1})).toMatchObject([
      {kind: 'reserve', position: 0},
    ]);
  });

  test('[HS8] an opening of a lower epoch that comes late changes nothing', () => {
    const bench = new MiddleHop();
    bench.open(opening({epoch: 2}));
    expect(bench.hear(opening({epoch: 1}), {epoch: 1})).toEqual([]);
    bench.frame(0, {epoch: 2});
    expect(sent(bench.run())).toMatchObject([{position: 0, epoch: 2}]);
  });
});

describe('replaying', () => {
  test('[HS9] kept states go again from the position that is asked for, then what is new', () => {
    const bench = new MiddleHop();
    bench.serveUntil(6);
    bench.open(opening({epoch: 1, warm: [6, 6, 0]}));
    const again = bench.hear({kind: 'replay-from', epoch: 1, hopIndex: 1, position: 2}, {epoch: 1});
    expect(sent(again)).toEqual([{position: 2, tokenCount: 4, values: [2, 3, 4, 5], epoch: 1}]);
    bench.frame(6, {epoch: 1});
    expect(sent(bench.run())).toEqual([{position: 6, tokenCount: 1, values: [6], epoch: 1}]);
  });

  test('[HS9] what the next hop holds is not sent to it', () => {
    const bench = new MiddleHop();
    bench.open(opening({warm: [0, 0, 3]}));
    bench.frame(0, {tokenCount: 2});
    bench.frame(2, {tokenCount: 3});
    expect(sent(bench.run())).toEqual([{position: 3, tokenCount: 2, values: [3, 4], epoch: 0}]);
  });

  test('[HS9] whatever was kept, cut and truncated: each state goes once, in order, as it was', () => {
    const pieces = fc.array(fc.integer({min: 1, max: 4}), {minLength: 1, maxLength: 6});
    fc.assert(
      fc.property(
        pieces,
        fc.nat(24),
        fc.nat(24),
        fc.integer({min: 1, max: 9}),
        (sizes, back, from, size) => {
          const bench = new MiddleHop({replayBytes: size * 2 * HIDDEN_SIZE});
          bench.open(opening({promptTokens: 30}));
          let end = 0;
          for (const tokenCount of sizes) {
            bench.frame(end, {tokenCount});
            end += tokenCount;
          }
          bench.run();
          const warm = Math.min(back, end);
          const position = Math.min(from, warm);
          bench.open(opening({promptTokens: 30, epoch: 1, warm: [warm, warm, warm]}));
          const again = sent(
            bench.hear({kind: 'replay-from', epoch: 1, hopIndex: 1, position}, {epoch: 1}),
          );
          expect(again.flatMap(({values}) => values)).toEqual(
            Array.from({length: warm - position}, (_, i) => position + i),
          );
          let next = position;
          for (const each of again) {
            expect(each.position).toBe(next);
            next += each.tokenCount;
          }
        },
      ),
    );
  });

  test('[HS10] a hop that kept too little says from where, and nothing of that epoch continues', () => {
    const bench = new MiddleHop({keptBytes: 2 * 2 * HIDDEN_SIZE});
    bench.serveUntil(7);
    bench.open(opening({epoch: 1, warm: [7, 7, 0]}));
    const answer = bench.hear(
      {kind: 'replay-from', epoch: 1, hopIndex: 1, position: 0},
      {epoch: 1},
    );
    expect(replies(answer)).toEqual([
      {to: HEAD, kind: 'kept-from', epoch: 1, hopIndex: 1, position: 5},
    ]);
    expect(bench.frame(7, {epoch: 1})).toEqual([]);
    expect(bench.run()).toEqual([]);
    // The client goes back as far as is missing, in a new epoch.
    bench.open(opening({epoch: 2, warm: [5, 5, 5]}));
    bench.frame(5, {epoch: 2});
    expect(sent(bench.run())).toMatchObject([{position: 5, epoch: 2}]);
  });

  test('[HS10] asked for a position for which it has no room, a hop says how far it has come, and goes on', () => {
    const bench = new MiddleHop();
    bench.serveUntil(5);
    const asked = {kind: 'replay-from', epoch: 0, hopIndex: 1, position: 1_000} as const;
    expect(replies(bench.hear(asked))).toEqual([
      {to: HEAD, kind: 'kept-from', epoch: 0, hopIndex: 1, position: 5},
    ]);
    bench.frame(5);
    expect(sent(bench.run())).toMatchObject([{position: 5}]);
  });

  test('[HS9] what is meant for another hop is passed down, and its answer up', () => {
    const bench = new MiddleHop();
    bench.serveUntil(5);
    const asked = {kind: 'replay-from', epoch: 0, hopIndex: 2, position: 0} as const;
    expect(replies(bench.hear(asked))).toEqual([{to: TAIL, ...asked}]);
    const answer = {kind: 'kept-from', epoch: 0, hopIndex: 2, position: 4} as const;
    expect(replies(bench.hear(answer, {from: TAIL}))).toEqual([{to: HEAD, ...answer}]);
  });

  test('[HS9] without being asked to, a hop keeps nothing', () => {
    const bench = new MiddleHop();
    bench.open(opening({keep: 'nothing'}));
    bench.frame(0, {tokenCount: 4});
    bench.run();
    const asked = {kind: 'replay-from', epoch: 0, hopIndex: 1, position: 0} as const;
    expect(replies(bench.hear(asked))).toMatchObject([{kind: 'kept-from', position: 4}]);
  });
});
