import {expect, test} from 'vitest';
import {CLAIM_SETTLE_MS} from '#shared/scheduling/allocation/placement/heard-lately.ts';
import {snapshotNode} from '#shared/testing/snapshot-node.ts';
import {CROWDED_MS, STAY_MS} from './look-around.ts';
import {LOAD_PAUSE_MS, LOOK_AROUND_MS} from './step-volunteer.ts';
import {crowded, first, holding, last, Life, middle, settingOut, TEN} from './testing/life.ts';
import {DRAIN_MS} from './volunteer-step.ts';

test('[HL1] it says who it is, looks around, claims, lets the claim settle, loads and serves', () => {
  const life = new Life();
  life.others = [holding('a', first), holding('b', middle)];
  expect(life.look().kinds).toEqual([]);
  life.tell({kind: 'published', epoch: 0});
  expect(life.did).toEqual([{kind: 'wake', epoch: 0, afterMs: LOOK_AROUND_MS}]);
  expect(life.look().kinds).toEqual([]);
  expect(life.tell({kind: 'woken', epoch: 0}).kinds).toEqual(['look']);
  expect(life.look().did).toMatchObject([{kind: 'publish', shards: [], claim: last}]);
  life.tell({kind: 'published', epoch: 1});
  expect(life.did).toEqual([{kind: 'wake', epoch: 1, afterMs: CLAIM_SETTLE_MS}]);
  life.nowMs += CLAIM_SETTLE_MS;
  expect(life.tell({kind: 'woken', epoch: 1}).did).toMatchObject([{kind: 'load', shard: last}]);
  expect(life.tell({kind: 'loaded', epoch: 1}).kinds).toEqual(['look']);
  expect(life.look().did).toMatchObject([
    {kind: 'serve', epoch: 1, shard: last},
    {kind: 'publish', shards: [last], claim: null},
  ]);
  expect(life.kind).toBe('serving');
});

test('[HL2] what belongs to a claim that was given up is thrown away, whenever it comes', () => {
  const life = new Life();
  life.others = [holding('a', first), holding('b', middle)];
  life.claims().tell({kind: 'published', epoch: 1});
  const claim = {...last, epoch: 9, claimedAtMs: life.nowMs - CLAIM_SETTLE_MS};
  const claimed = ['c', 'd'].map((id) => snapshotNode(id, {...TEN, claim}));
  life.others = [...life.others, ...claimed];
  expect(life.look().kinds).toEqual(['discard', 'publish']);
  expect(life.kind).toBe('waiting');
  expect(life.tell({kind: 'woken', epoch: 1}).kinds).toEqual([]);
  expect(life.tell({kind: 'loaded', epoch: 1}).did).toMatchObject([{kind: 'discard', epoch: 1}]);
});

test('[HL3] a load that fails ends a stay without layers, and leaves other layers as they are', () => {
  const failure = {kind: 'load-failed', code: 'WEIGHTS_ALTERED', message: 'no', nowMs: 0} as const;
  const life = new Life().claims();
  expect(life.loads().tell({...failure, epoch: 1}).kinds).toEqual(['discard', 'close']);
  expect(life.state.status).toMatchObject({kind: 'failed', code: 'WEIGHTS_ALTERED'});
  const moving = settingOut()
    .loads()
    .tell({...failure, epoch: 2});
  expect(moving.kinds).toEqual(['discard', 'publish']);
  expect(moving.state.status).toMatchObject({kind: 'serving', held: {shard: first}});
});

test('[HL3] whoever could not load what closes a gap tries again after a pause', () => {
  const life = new Life();
  life.others = [holding('m', middle), holding('l', last)];
  life.serves();
  life.others = [holding('f', first), holding('m', middle)];
  life.look().loads();
  life.tell({kind: 'load-failed', code: 'WEIGHTS_ALTERED', message: 'no', epoch: 2, nowMs: 0});
  expect(life.look().kind).toBe('serving');
  life.nowMs += LOAD_PAUSE_MS;
  expect(life.look().kind).toBe('claiming');
});

test('[HL4] a tab sets out from a crowded place when it has been crowded for a while, and then stays', () => {
  const life = crowded();
  expect(life.look().kinds).toEqual([]);
  life.nowMs += CROWDED_MS - 1;
  expect(life.look().kinds).toEqual([]);
  life.nowMs += 1;
  expect(life.look().did).toMatchObject([{kind: 'publish', shards: [first], claim: last}]);
  life.loads().look();
  const tails = ['a', 'b', 'c', 'd'].map((id) => ({
    ...holding(`last-${id}`, last),
    capacityLayers: {plain: 0, first: 0, last: 10, both: 0},
  }));
  life.others = [holding('first', first), holding('middle', middle), ...tails];
  for (const [waitMs, kind] of [
    [CROWDED_MS, 'serving'],
    [CROWDED_MS, 'serving'],
    [STAY_MS, 'serving'],
    [CROWDED_MS, 'claiming'],
  ] as const) {
    life.nowMs += waitMs;
    expect(life.look().kind).toBe(kind);
  }
});

test('[HL4] a tab whose claim was withdrawn sets out again while it is crowded, and waits again when it was not', () => {
  const life = crowded().look();
  const before = life.others;
  life.nowMs += CROWDED_MS;
  expect(life.look().kind).toBe('claiming');
  const alone = before.filter(({shards}) => shards[0]?.startLayer !== first.startLayer);
  life.others = alone;
  expect(life.look().kind).toBe('serving');
  life.others = before;
  expect(life.look().kind).toBe('claiming');
  life.others = alone;
  life.look().look();
  life.others = before;
  expect(life.look().kind).toBe('serving');
  life.nowMs += CROWDED_MS;
  expect(life.look().kind).toBe('claiming');
});

test('[HL4] a place that is crowded now and then only is not left', () => {
  const life = crowded().look();
  const before = life.others;
  life.nowMs += CROWDED_MS / 2;
  life.others = [...before, ...['e', 'f', 'g'].map((id) => holding(id, last))];
  life.look();
  life.others = before;
  life.nowMs += CROWDED_MS / 2;
  expect(life.look().kind).toBe('serving');
});

test('[HL5] a tab that moves lets the answers that run in it end first, for a while', () => {
  const life = settingOut().tell({kind: 'sessions', openSessions: 1}).loads().look();
  expect(life.did).toMatchObject([
    {kind: 'drain'},
    {kind: 'wake', afterMs: DRAIN_MS},
    {kind: 'publish', shards: [first], claim: last, takesSessions: false},
  ]);
  const {state} = life;
  expect(life.look().kinds).toEqual([]);
  expect(life.tell({kind: 'sessions', openSessions: 0}).kinds).toEqual(['look']);
  expect(life.look().kinds).toEqual(['serve', 'reopen', 'publish']);
  expect(life.did.at(-1)).toMatchObject({shards: [last], claim: null, takesSessions: true});
  life.state = state;
  expect(life.tell({kind: 'woken', epoch: state.epoch}).look().kinds).toContain('serve');
});

test('[HL5] a tab that closes a gap does not wait: no answer could go on without it', () => {
  const life = new Life();
  life.others = [holding('m', middle), holding('l', last)];
  life.serves();
  life.others = [holding('f', first), holding('m', middle)];
  life.look().tell({kind: 'sessions', openSessions: 1});
  expect(life.kind).toBe('claiming');
  expect(life.loads().look().kinds).toEqual(['serve', 'publish']);
});

test('[PL9] a tab that could not drop its layers any more once others are loaded keeps them', () => {
  const life = settingOut().loads();
  life.others = life.others.filter(({shards}) => shards[0]?.startLayer !== 0);
  expect(life.look().kinds).toEqual(['discard', 'publish']);
  expect(life.state.status).toMatchObject({kind: 'serving', held: {shard: first}});
});

test('[PL9] nor does it once it drains: it takes answers again', () => {
  const life = settingOut().tell({kind: 'sessions', openSessions: 1}).loads().look();
  life.others = life.others.filter(({shards}) => shards[0]?.startLayer !== 0);
  expect(life.look().kinds).toEqual(['discard', 'reopen', 'publish']);
  expect(life.did.at(-1)).toMatchObject({shards: [first], claim: null, takesSessions: true});
});

/** One that leaves while an answer runs in it. */
function busy(): Life {
  const life = new Life().serves().tell({kind: 'sessions', openSessions: 1});
  life.tell({kind: 'leave'});
  expect(life.kinds).toEqual(['drain', 'farewell', 'wake']);
  return life;
}

test('[HL6] a tab that leaves says so at once and goes when its answers have ended, or when asked again', () => {
  expect(busy().tell({kind: 'sessions', openSessions: 0}).kinds).toEqual(['close']);
  expect(busy().tell({kind: 'leave'}).kinds).toEqual(['close']);
  const life = busy();
  expect(life.tell({kind: 'woken', epoch: life.state.epoch - 1}).kinds).toEqual([]);
  expect(life.tell({kind: 'woken', epoch: life.state.epoch}).kinds).toEqual(['close']);
  expect(new Life().claims().tell({kind: 'leave'}).kinds).toEqual(['discard', 'close']);
});
