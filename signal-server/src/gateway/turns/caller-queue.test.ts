import {expect, test} from 'vitest';
import {CallerQueue, type Caller, type RequestTurns} from './caller-queue.ts';

const never = new AbortController().signal;

const settle = async () => await new Promise((resolve) => setImmediate(resolve));

function queueOf(capacity: number) {
  let nowMs = 0;
  const room = {capacity};
  const queue = new CallerQueue({
    capacity: () => room.capacity,
    nowMs: () => nowMs,
    // Whatever asks at the same moment has asked by then.
    wait: settle,
    waitsFor: 'a test',
  });
  const order: string[] = [];
  const open = new Map<string, () => void>();
  /** Waits for a turn of a request, and notes when it has come. */
  const take = (turns: RequestTurns, name: string, signal = never) => {
    const taking = turns.take({signal});
    void taking.then(
      (done) => {
        order.push(name);
        open.set(name, done);
        return null;
      },
      () => undefined,
    );
    return taking;
  };
  /** A request for one answer. */
  const ask = (name: string, caller: Partial<Caller> = {}, signal = never) =>
    take(queue.enter({id: name.slice(0, 1), ...caller}), name, signal);
  /** A request for several answers. */
  const askMany = (names: readonly string[], caller: Partial<Caller> = {}) => {
    const turns = queue.enter({id: names[0]?.slice(0, 1) ?? '', ...caller});
    return names.map((name) => take(turns, name));
  };
  const finish = async (name: string) => {
    await settle();
    nowMs += 1_000;
    const done = open.get(name);
    open.delete(name);
    done?.();
    await settle();
  };
  return {queue, ask, askMany, order, open, finish, room, clock: () => nowMs};
}

test('[CQ1] callers take turns, and the answers of each come in their order', async () => {
  const {ask, order, finish} = queueOf(1);
  for (const name of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) void ask(name);
  for (const name of ['a1', 'a2', 'b1', 'c1', 'a3', 'b2']) await finish(name);
  expect(order).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2']);
});

test('[CQ1] whoever has nothing running is before a caller with several, though it came later', async () => {
  const {ask, order, finish} = queueOf(3);
  for (const name of ['a1', 'a2', 'a3', 'a4']) void ask(name);
  await settle();
  for (const name of ['b1', 'c1', 'b2']) void ask(name);
  for (const name of ['a1', 'a2', 'a3', 'b1']) await finish(name);
  expect(order).toEqual(['a1', 'a2', 'a3', 'b1', 'c1', 'a4', 'b2']);
});

test('[CQ1] of callers who ask at the same moment, one who asks many times takes half of the room and, where others leave it, the rest', async () => {
  const many = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'];
  const {ask, order, finish} = queueOf(4);
  for (const name of [...many, 'b1', 'c1', 'd1']) void ask(name);
  await settle();
  expect(order).toEqual(['a1', 'a2', 'b1', 'c1']);
  for (const name of ['b1', 'c1']) await finish(name);
  expect(order.slice(4)).toEqual(['d1', 'a3']);
  const alone = queueOf(4);
  for (const name of many) void alone.ask(name);
  await settle();
  await settle();
  expect(alone.order).toEqual(many.slice(0, 4));
});

test('[CQ2] when too many wait, the newest of whoever has the most is refused, and hears when to try again', async () => {
  const {ask, queue, order, finish} = queueOf(2);
  const first = Array.from({length: 8}, (_, at) => ask(`a${at}`));
  await settle();
  expect(queue.counts).toEqual({running: 2, waiting: 6});
  const refused = first.at(-1)?.catch((cause: unknown) => cause);
  void ask('b0');
  expect(await refused).toMatchObject({
    detail: {code: 'GATEWAY_BUSY', retryAfterMs: expect.any(Number)},
  });
  await expect(ask('a8')).rejects.toMatchObject({detail: {code: 'GATEWAY_BUSY'}});
  for (const name of ['a0', 'a1']) await finish(name);
  expect(order).toContain('b0');
});

test('[CQ2] of callers who ask once each, the newcomer is refused, and whoever has waited keeps the turn', async () => {
  const {ask, order, finish, queue} = queueOf(1);
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const late = ['j', 'k', 'l'];
  const refused: string[] = [];
  for (const name of [...names, ...late]) ask(name).catch(() => refused.push(name));
  await settle();
  expect(refused).toEqual(late);
  expect(queue.counts).toEqual({running: 1, waiting: 6});
  for (const name of names) await finish(name);
  expect(order).toEqual(names);
});

test('[CQ3] a request that gives up makes room, and a turn that is over twice counts once', async () => {
  const {ask, queue} = queueOf(1);
  const done = await ask('a1');
  const abort = new AbortController();
  const waiting = ask('b1', {}, abort.signal);
  abort.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  expect(queue.counts).toEqual({running: 1, waiting: 0});
  done();
  done();
  await settle();
  expect(queue.counts).toEqual({running: 0, waiting: 0});
});

test('[CQ2] [GW7] a request of which an answer has begun is not given up for whoever comes, and its others do not count as waiting', async () => {
  const {ask, askMany, order, queue, finish} = queueOf(1);
  const begun = askMany(['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8']);
  await settle();
  const refused: string[] = [];
  for (const name of 'bcdefghi') ask(name).catch(() => refused.push(name));
  await settle();
  expect(refused).toEqual(['h', 'i']);
  expect(queue.counts).toEqual({running: 1, waiting: 13});
  const inTurn = ['a1', 'a2', 'b', 'c', 'd', 'e', 'f', 'g', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'];
  for (const name of inTurn) await finish(name);
  await Promise.all(begun);
  expect(order).toEqual(inTurn);
});

test('[CQ2] the answers of a request that has not begun are refused together', async () => {
  const {ask, askMany, queue, order} = queueOf(1);
  void ask('z');
  const answers = askMany(['a1', 'a2', 'a3', 'a4']);
  for (const name of 'bc') void ask(name);
  await settle();
  expect(queue.counts).toEqual({running: 1, waiting: 6});
  void ask('f');
  for (const answer of answers) {
    await expect(answer).rejects.toMatchObject({detail: {code: 'GATEWAY_BUSY'}});
  }
  expect(queue.counts).toEqual({running: 1, waiting: 3});
  expect(order).toEqual(['z']);
});

test('[CQ4] with a limit of one answer at once, those of a request run one after another, and one request waits', async () => {
  const {ask, askMany, order, finish} = queueOf(4);
  const limited = {id: 'a', mostAnswers: 1};
  const three = askMany(['a1', 'a2', 'a3'], limited);
  const next = askMany(['a4', 'a5'], limited);
  await settle();
  expect(order).toEqual(['a1']);
  await expect(ask('a6', limited)).rejects.toMatchObject({detail: {code: 'GATEWAY_BUSY'}});
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) await finish(name);
  await Promise.all([...three, ...next]);
  expect(order).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
});

test('[CQ4] a caller with a limit has no more answers at once, and as many that wait', async () => {
  const {ask, order} = queueOf(4);
  const limited = {id: 'a', mostAnswers: 1};
  void ask('a1', limited);
  void ask('a2', limited);
  await expect(ask('a3', limited)).rejects.toMatchObject({detail: {code: 'GATEWAY_BUSY'}});
  void ask('b1');
  await settle();
  expect(order).toEqual(['a1', 'b1']);
});

test('[CQ5] room that comes is used at once, and where a layer has nobody no one is kept waiting to hear so', async () => {
  const {ask, order, queue, room} = queueOf(1);
  for (const name of ['a1', 'a2', 'a3']) void ask(name);
  await settle();
  room.capacity = 2;
  queue.look();
  await settle();
  expect(order).toEqual(['a1', 'a2']);
  room.capacity = 0;
  queue.look();
  await settle();
  expect(order).toEqual(['a1', 'a2', 'a3']);
});

const meanOf = (all: readonly number[]) => all.reduce((sum, ms) => sum + ms, 0) / all.length;

test('[CQ1] [CQ2] of eight callers, one with eight requests at a time, none waits twice as long as all do on average', async () => {
  const {ask, open, order, finish, clock} = queueOf(2);
  const waits = new Map<string, number[]>();
  const callers = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  let asked = 0;
  let refusedCount = 0;
  const askAgain = (id: string): void => {
    const beganMs = clock();
    void ask(`${id}${(asked += 1)}`).then(
      () => waits.set(id, [...(waits.get(id) ?? []), clock() - beganMs]),
      () => (refusedCount += 1),
    );
  };
  for (const id of callers) askAgain(id);
  for (let at = 1; at < 8; at += 1) askAgain('a');
  for (let answers = 0; answers < 200; answers += 1) {
    await settle();
    const [name = ''] = open.keys();
    await finish(name);
    askAgain(name.slice(0, 1));
  }
  const means = callers.map((id) => meanOf(waits.get(id) ?? []));
  expect(order.length).toBeGreaterThan(200);
  expect(Math.max(...means)).toBeLessThanOrEqual(2 * meanOf([...waits.values()].flat()));
  // Only of the one that asks for more than its turn.
  expect(refusedCount).toBeGreaterThan(0);
  expect(Math.min(...callers.map((id) => waits.get(id)?.length ?? 0))).toBeGreaterThan(20);
});

test('[CQ2] one too many is refused at once, also while a caller lets others take what is left of the room', async () => {
  const {ask, queue} = queueOf(4);
  const asked = Array.from({length: 11}, (_, at) => ask(`a${at}`));
  await expect(asked[10]).rejects.toMatchObject({detail: {code: 'GATEWAY_BUSY'}});
  expect(queue.counts).toEqual({running: 2, waiting: 8});
  await settle();
  expect(queue.counts).toEqual({running: 4, waiting: 6});
});
