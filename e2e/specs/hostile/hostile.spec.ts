import {expect, test} from '@playwright/test';
import {generateKeyPair} from '@libp2p/crypto/keys';
import {asSessionId, type SessionId} from '#shared/base/ids.ts';
import {MAX_FRAME_BYTES} from '#shared/protocol/frame/frame.ts';
import {REFUSALS, type RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import {
  closing,
  controlFrame,
  dataFrame,
  newSessionId,
  opening,
  openSession,
} from '../../pages/hostile/attack-frames.ts';
import {mixedAttack, type Counts} from '../../pages/hostile/mixed-attack.ts';
import {halfOf, HostileWorld, loadOf, type Victim} from '../../pages/hostile/hostile-world.ts';
import {LYING_RECORDS, recordOf} from '../../pages/hostile/lying-records.ts';
import {publishFromServer} from '../../pages/hostile/owner-at-server.ts';
import {closeAll, PROVOCATIONS, type Provocation} from '../../pages/hostile/provocations.ts';
import {readHeapBytes} from '../../pages/hostile/read-heap-bytes.ts';
import {NO_ANSWER, extendAnswer, type Answer} from '../../swarm/answer.ts';
import {askForAnswer, greedyRequest} from '../../swarm/ask.ts';
import {AskFailedError} from '../../swarm/tab.ts';
import {log} from '../../swarm/test-log.ts';

const QUESTION = 'What is the capital of France?';
const REQUEST = greedyRequest(QUESTION, {maxNewTokens: 24});
/** No end token comes in the first 3,000: a stub says the same every time. */
const ENDLESS = greedyRequest(QUESTION, {maxNewTokens: 3_000});
/** What 500 messages may leave behind in one tab: less than 1 KiB each. */
const HEAP_GROWTH_MAX_BYTES = 512 * 1024;
const HOSTILE_MESSAGES = 1_000;
const LEND_TIMEOUT_MS = 60_000;

/** Provoked by means other than bytes, in the tests named here. */
const BY_OTHER_MEANS: readonly RefusalCode[] = ['SESSION_EXPIRED', 'ENGINE_LOST'];

let world: HostileWorld;
let quiet: Answer;
test.describe.configure({mode: 'serial'});
test.beforeAll(async () => {
  world = await HostileWorld.start(log);
  quiet = await askForAnswer(world.client, REQUEST);
});
test.afterAll(async () => {
  await world.stop();
});

const openSessionsOf = async (victim: Victim) => (await loadOf(victim)).openSessions;

async function expectIdle(victim: Victim): Promise<void> {
  await expect
    .poll(async () => {
      const {openSessions, kvTokensReserved, queuedSteps} = await loadOf(victim);
      return {openSessions, kvTokensReserved, queuedSteps};
    })
    .toEqual({openSessions: 0, kvTokensReserved: 0, queuedSteps: 0});
}

function addCounts(before: Counts, added: Counts): Counts {
  const sum: Record<string, number> = {...before};
  for (const [code, count] of Object.entries(added)) sum[code] = (sum[code] ?? 0) + count;
  return sum;
}

async function expectCounts(victim: Victim, before: Counts, added: Counts): Promise<void> {
  const refusals = async (): Promise<Counts> => (await loadOf(victim)).refusals;
  await expect.poll(refusals).toEqual(addCounts(before, added));
}

async function stateOf(victim: Victim) {
  // By peer: the end of a connection that was cut may still be unnoticed at either reading.
  const links = new Set((await victim.tab.links()).map(({peerId}) => peerId));
  return {load: await loadOf(victim), links, heapBytes: await readHeapBytes(victim.tab.page)};
}

async function runProvocation(
  code: string,
  {at, times, isReported, provoke}: Provocation,
): Promise<void> {
  const victim = world[at];
  const {hostile} = world;
  const {refusals} = await loadOf(victim);
  hostile.forgetMessages();
  const left = await provoke(world, victim);
  await expectCounts(victim, refusals, {[code]: times});
  if (isReported) await hostile.waitForMessage({from: victim.peerId, kind: 'session-failed', code});
  await expect.poll(() => openSessionsOf(victim)).toBe(left.length);
  await closeAll(world, victim, left);
  await expectIdle(world.head);
  await expectIdle(world.tail);
}

test('[HO1] every refusal code of the protocol has a way to be provoked here', () => {
  const covered = [...Object.keys(PROVOCATIONS), ...BY_OTHER_MEANS];
  expect(covered.toSorted()).toEqual(Object.keys(REFUSALS).toSorted());
  for (const ways of Object.values(PROVOCATIONS)) expect(ways.length).toBeGreaterThan(0);
});

// First of all: the records that provocations publish expire at some time, and these tests compare lists.
for (const [code, lies] of Object.entries(LYING_RECORDS)) {
  test(`[HO5] ${code} is counted by the server, and no tab hears of it`, async () => {
    const {server} = world.swarm;
    for (const [what, lie] of lies) {
      await test.step(what, async () => {
        const before = Object.fromEntries(server.recordRefusals());
        const known = await world.knownPeers();
        const {dhtRecords} = server.counters();
        expect(await world.hostile.put(await lie(world))).toBe(0);
        expect(Object.fromEntries(server.recordRefusals())).toEqual({
          ...before,
          [code]: (before[code] ?? 0) + 1,
        });
        expect(server.counters().dhtRecords).toBe(dhtRecords);
        expect(await world.knownPeers()).toEqual(known);
      });
    }
  });
}

for (const [code, ways] of Object.entries(PROVOCATIONS)) {
  test(`[HO2] ${code}is reported and counted, and affects no other session`, async () => {
    for (const way of ways) await test.step(way.what, () => runProvocation(code, way));
  });
}

test('[HO3] frames that were under way when a session or an epoch ended are nobody’s fault', async () => {
  const {head, hostile} = world;
  const {refusals} = await loadOf(head);
  const sessionId = await openSession(world, head, {epoch: 3});
  await hostile.send(head.peerId, [
    dataFrame({sessionId, epoch: 2, position: 9}),
    dataFrame({sessionId, epoch: 3}),
    controlFrame({sessionId, epoch: 3}, {kind: 'close-session', reason: 'done'}),
    dataFrame({sessionId, epoch: 3, position: 1}),
    closing(newSessionId(), head),
  ]);
  await expectIdle(head);
  expect((await loadOf(head)).refusals).toEqual(refusals);
});

test('[HO4] a frame longer than any may be costs the link, and the next link is as good', async () => {
  const {head, hostile} = world;
  const violations = async () =>
    (await head.tab.traffic()).peers.find(({peerId}) => peerId === hostile.peerId)?.violations;
  expect(await violations()).toBe(0);
  await hostile.announce(head.peerId, MAX_FRAME_BYTES + 1);
  await expect.poll(violations).toBe(1);
  const sessionId = await openSession(world, head);
  await closeAll(world, head, [sessionId]);
  await expectIdle(head);
});

test('[HO6] a true signature under impossible facts draws no answer to its owner', async () => {
  const privateKey = await generateKeyPair('Ed25519');
  const lie = recordOf(world, privateKey, {
    shards: [{startLayer: 0, endLayer: 10_000, embedding: true, lmHead: true}],
    decodeMsPerLayer: {fixedMs: 0, perSessionMs: 0},
    prefillMsPerTokenLayer: 0,
    hopOverheadMs: 0,
    maxSessions: 4_096,
    kvTokensFree: 2 ** 32,
  });
  await publishFromServer(world, lie, privateKey);
  await world.waitUntilKnown(lie.peerId);
  const answer = await askForAnswer(world.client, REQUEST);
  expect(answer.text).toBe(quiet.text);
  expect(answer.chains).toHaveLength(1);
  const nodes = answer.chains[0]?.map(({node}) => node);
  expect(nodes).toEqual([world.head.peerId, world.tail.peerId]);
});

test('[HO7] 1,000 hostile messages during an answer: the same text, every one counted, nothing left behind', async () => {
  const {head, tail, hostile, client} = world;
  const victims = [head, tail];
  for (const victim of victims) await expectIdle(victim);
  const before = await Promise.all(victims.map(stateOf));
  const expected: Counts[] = [{}, {}];
  let answer: Answer = NO_ANSWER;
  let sessionId: SessionId | null = null;
  const attack = async (): Promise<void> => {
    if (sessionId === null) throw new Error('An answer is ready before its first token');
    for (const [i, victim] of victims.entries()) {
      expect(await openSessionsOf(victim)).toBe(1);
      const count = HOSTILE_MESSAGES / (2 * victims.length);
      const {frames, counts} = mixedAttack(world, {victim, sessionId, count});
      expected[i] = addCounts(expected[i] ?? {}, counts);
      await hostile.send(victim.peerId, frames);
    }
  };
  // Hops compute on while the attack runs, however long it takes: the end comes from here.
  const abort = new AbortController();
  const asking = client.ask(ENDLESS, {
    signal: abort.signal,
    onEvent: async (event) => {
      if (abort.signal.aborted) return;
      answer = extendAnswer(answer, event);
      if (event.kind === 'ready') sessionId = asSessionId(event.sessionId);
      // The prompt leaves after the first half; the second comes while hops compute.
      const isFirstToken = event.kind === 'token' && answer.tokenIds.length === 1;
      if (event.kind === 'ready' || isFirstToken) await attack();
      if (answer.tokenIds.length === quiet.tokenIds.length) abort.abort();
    },
  });
  await expect(asking).rejects.toThrow(AskFailedError);
  expect(answer.tokenIds).toEqual(quiet.tokenIds);
  expect(quiet.text.startsWith(answer.text)).toBe(true);
  expect(answer.chains).toHaveLength(1);
  for (const [i, victim] of victims.entries()) {
    const {load, heapBytes, links} = before[i] ?? (await stateOf(victim));
    await expectCounts(victim, load.refusals, expected[i] ?? {});
    await expectIdle(victim);
    const after = await stateOf(victim);
    expect(after.links).toEqual(links);
    log(`heap: ${heapBytes} before, ${after.heapBytes - heapBytes} more after`);
    expect(after.heapBytes - heapBytes).toBeLessThan(HEAP_GROWTH_MAX_BYTES);
  }
});

/** What one client gets at a tab: this many sessions, of so many tokens each. */
const SHARE = {sessions: 6, promptTokens: 1_000};

test('[HO11] a client that opens all it may and uses nothing, or floods it all, at one tab: the answer of another there completes', async () => {
  const {head, tail, hostile, client} = world;
  const timed = async (what: string): Promise<void> => {
    const startMs = performance.now();
    const answer = await askForAnswer(client, REQUEST);
    log(
      `${what}: ${Math.round(performance.now() - startMs)} ms for ${answer.tokenIds.length} tokens`,
    );
    expect(answer.tokenIds).toEqual(quiet.tokenIds);
    expect(answer.chains).toHaveLength(1);
  };
  await timed('nobody else');
  const {promptTokens} = SHARE;
  const held: SessionId[] = [];
  while (held.length < SHARE.sessions) held.push(await openSession(world, head, {promptTokens}));
  const beyond = newSessionId();
  await hostile.send(head.peerId, [controlFrame({sessionId: beyond}, opening(world, head))]);
  await hostile.waitForMessage({from: head.peerId, sessionId: beyond, code: 'SESSIONS_FULL'});
  expect(await openSessionsOf(head)).toBe(SHARE.sessions);
  await timed('six sessions that are never used');
  const flood = held.flatMap((sessionId) =>
    Array.from({length: 500}, (_, position) => dataFrame({sessionId, position})),
  );
  const [flooding] = await Promise.all([
    hostile.send(head.peerId, flood),
    timed('3,000 frames in six sessions'),
  ]);
  expect(flooding).toBeUndefined();
  await closeAll(world, head, held);
  await expectIdle(head);
  await expectIdle(tail);
});

test('[HO8] a session that falls silent: SESSION_EXPIRED', async () => {
  const {tail, hostile, model} = world;
  const held = await openSession(world, tail);
  const openAnother = async (): Promise<void> => {
    const sessionId = newSessionId();
    await hostile.send(tail.peerId, [controlFrame({sessionId, hopIndex: 1}, opening(world, tail))]);
    await hostile.waitForMessage({from: tail.peerId, sessionId, code: 'NOT_SERVING'});
  };
  // The first stop waits for what is open, the second one ends it.
  const stopping = tail.tab.stopLending();
  await tail.tab.waitForLendState(['leaving'], {timeoutMs: LEND_TIMEOUT_MS});
  await openAnother();
  expect(await openSessionsOf(tail)).toBe(1);
  await Promise.all([stopping, tail.tab.stopLending()]);
  await hostile.waitForMessage({from: tail.peerId, sessionId: held, code: 'NOT_SERVING'});
  await openAnother();
  await tail.tab.lend({...halfOf(model), sessionIdleMs: 500});
  await tail.tab.waitForLendState(['serving'], {timeoutMs: LEND_TIMEOUT_MS});
  const sessionId = await openSession(world, tail);
  await hostile.waitForMessage({from: tail.peerId, sessionId, code: 'SESSION_EXPIRED'});
  await expectCounts(tail, {}, {SESSION_EXPIRED: 1});
  await expectIdle(tail);
});

test('[HO9] an engine that crashes under a session: ENGINE_LOST', async () => {
  const {head, hostile} = world;
  const {refusals} = await loadOf(head);
  const sessionId = await openSession(world, head);
  await head.tab.crashEngine();
  await hostile.waitForMessage({from: head.peerId, sessionId, code: 'ENGINE_LOST'});
  await expectCounts(head, refusals, {ENGINE_LOST: 1});
  await expectIdle(head);
});

test('[HO10] when the hostile peer has left, its links are gone', async () => {
  const {head, tail, hostile} = world;
  await hostile.close();
  for (const {tab} of [head, tail]) {
    // The browser needs some seconds to see that nobody answers any more.
    await expect
      .poll(async () => (await tab.links()).some(({peerId}) => peerId === hostile.peerId))
      .toBe(false);
  }
});
