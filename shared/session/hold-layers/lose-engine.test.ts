import {expect, test} from 'vitest';
import {ENGINE_LOSS_WINDOW_MS, MOST_RESTARTS} from './lose-engine.ts';
import {first, holding, last, Life, middle, settingOut} from './testing/life.ts';

const message = 'it crashed';

/** It serves the first layers, and others the rest. */
function serving(): Life {
  const life = new Life();
  life.others = [holding('m', middle), holding('l', last)];
  return life.serves();
}

function loses(life: Life): Life {
  return life.tell({kind: 'engine-lost', message, nowMs: life.nowMs});
}

/** From a loss to layers that are served again. */
function comesBack(life: Life): Life {
  return life.look().loads().look();
}

test('[HL7] a volunteer whose engine is lost serves nothing at once, says so, and comes back to its layers', () => {
  const life = serving().tell({kind: 'sessions', openSessions: 2});
  const {epoch} = life.state;
  loses(life);
  expect(life.did).toMatchObject([
    {kind: 'drop'},
    {kind: 'publish', shards: [], claim: null, takesSessions: true},
  ]);
  expect(life.state.status).toEqual({kind: 'restarting', why: message});
  expect(life.tell({kind: 'published', epoch}).kinds).toEqual(['look']);
  expect(life.look().did).toMatchObject([{kind: 'publish', shards: [], claim: first}]);
  expect(life.loads().look().did).toMatchObject([
    {kind: 'serve', epoch: epoch + 1, shard: first},
    {kind: 'publish', shards: [first]},
  ]);
});

test('[HL7] it looks around as one that joins: another may have claimed its layers meanwhile', () => {
  const life = loses(serving());
  life.others = [holding('f', first), holding('m', middle)];
  expect(life.look().did).toMatchObject([{kind: 'publish', claim: last}]);
});

test('[HL7] the third loss in ten minutes ends the stay, and a later one does not', () => {
  const life = serving();
  for (let restarts = 0; restarts < MOST_RESTARTS; restarts += 1) comesBack(loses(life));
  expect(life.kind).toBe('serving');
  const firstLossMs = life.state.engineLossesMs[0] ?? Number.NaN;
  const {state} = life;
  life.nowMs = firstLossMs + ENGINE_LOSS_WINDOW_MS - 1;
  expect(loses(life).kinds).toEqual(['drop', 'close']);
  expect(life.state.status).toEqual({
    kind: 'failed',
    code: 'ENGINE_LOST',
    message:
      'The engine of this tab stopped 3 times in ten minutes (it crashed): lend less, or close other tabs and programs, then lend this tab again',
  });
  life.state = state;
  life.nowMs = firstLossMs + ENGINE_LOSS_WINDOW_MS;
  expect(loses(life).kind).toBe('restarting');
});

test('[HL7] what was on its way beside lost layers is given up', () => {
  const claiming = settingOut();
  const {epoch} = claiming.state;
  const discard = {kind: 'discard', epoch};
  expect(loses(claiming).did).toMatchObject([discard, {kind: 'drop'}, {kind: 'publish'}]);
  const loaded = settingOut().tell({kind: 'sessions', openSessions: 1}).loads();
  expect(loses(loaded).kinds).toEqual(['discard', 'drop', 'publish']);
  const draining = settingOut().tell({kind: 'sessions', openSessions: 1}).loads().look();
  expect(draining.kind).toBe('draining');
  expect(loses(draining).did).toMatchObject([
    discard,
    {kind: 'drop'},
    {kind: 'reopen'},
    {kind: 'publish', shards: [], claim: null, takesSessions: true},
  ]);
});

test('[HL7] an engine that is lost before it serves is started again as often', () => {
  const life = new Life();
  for (let losses = 0; losses <= MOST_RESTARTS; losses += 1) {
    if (losses === 0) life.claims().loads();
    else life.look().loads();
    const {epoch} = life.state;
    const nowMs = life.nowMs;
    life.tell({kind: 'load-failed', epoch, code: 'ENGINE_LOST', message, nowMs});
    const isLast = losses === MOST_RESTARTS;
    expect(life.kinds).toEqual(['discard', isLast ? 'close' : 'publish']);
    expect(life.kind).toBe(isLast ? 'failed' : 'restarting');
  }
});

test('[HL7] the loss of an engine that a move has loaded leaves the served one as it is', () => {
  const life = settingOut().loads();
  const {epoch, engineLossesMs} = life.state;
  life.tell({kind: 'load-failed', epoch, code: 'ENGINE_LOST', message, nowMs: life.nowMs});
  expect(life.kinds).toEqual(['discard', 'publish']);
  expect(life.state).toMatchObject({status: {kind: 'serving', held: {shard: first}}});
  expect(life.state.engineLossesMs).toEqual(engineLossesMs);
});

test('[HL7] the loss of an engine that is not served any more changes nothing', () => {
  const looking = new Life().tell({kind: 'published', epoch: 0});
  const restarting = loses(serving());
  const gone = serving().tell({kind: 'leave'});
  for (const life of [new Life(), looking, new Life().claims(), restarting, gone]) {
    const {state} = life;
    expect(loses(life).did).toEqual([]);
    expect(life.state).toEqual(state);
  }
});

test('[HL7] a volunteer that leaves does not wait for answers of which the engine is lost', () => {
  const life = serving().tell({kind: 'sessions', openSessions: 1}).tell({kind: 'leave'});
  expect(loses(life).kinds).toEqual(['drop']);
  expect(life.tell({kind: 'sessions', openSessions: 0}).kinds).toEqual(['close']);
});
