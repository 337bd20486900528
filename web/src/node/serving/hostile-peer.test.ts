import {expect, test} from 'vitest';
import {asPeerId, asSessionId} from '#shared/base/ids.ts';
import {HOP_LIMITS} from '#shared/session/serve-hop/hop-session/hop-context.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import {decodeControlFrame, encodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import {encodeFrame, parseFrame} from '#shared/protocol/frame/frame.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import type {Hop, OpenSession} from '#shared/protocol/control/open-session.ts';
import {encodeTokenIds} from '#shared/protocol/frame/token-ids.ts';
import type {SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '#shared/protocol/version.ts';
import {NO_MEMORY} from '../engine/shard-memory.ts';
import type {ShardRunner} from '../engine/shard-runner.ts';
import {ControlPost} from '#shared/transport/post/control-post.ts';
import {routeFrames} from '#shared/transport/post/route-frames.ts';
import {
  collectTokens,
  GREEDY,
  MANIFEST_HASH,
  RingSwarm,
  type RingNode,
} from './testing/ring-swarm.ts';

const PROMPT = [5, 7, 11, 13];
const SESSION = asSessionId('0123456789abcdef');
const NEVER = new AbortController();
const WHOLE = {startLayer: 0, endLayer: 6};

/** A peer that sends what it likes, and remembers what it receives. */
function addPeer(swarm: RingSwarm, name: string) {
  const transport = swarm.network.join(asPeerId(name));
  const received: Message[] = [];
  transport.onFrame((_, bytes) => {
    const frame = parseFrame(bytes);
    if (frame.kind === 'control') received.push(decodeControlFrame(frame));
  });
  const say = (to: RingNode, message: Message, sessionId = SESSION): void => {
    const frame = encodeControlFrame({sessionId, epoch: 0, hopIndex: 0}, message);
    void transport.send(to.peerId, frame, NEVER);
  };
  return {transport, received, say};
}

function opening(clientId: string, hops: readonly Hop[], promptTokens = 4): OpenSession {
  return {
    kind: 'open-session',
    protocolMajor: PROTOCOL_MAJOR,
    protocolMinor: PROTOCOL_MINOR,
    epoch: 0,
    keep: 'nothing',
    manifestHash: MANIFEST_HASH,
    clientId: asPeerId(clientId),
    hopIndex: 0,
    hops: hops.map((hop) => ({...hop, warmPosition: 0})),
    promptTokens,
    maxNewTokens: 4,
    sampling: GREEDY,
  };
}

function tokenFrame(position: number): Uint8Array {
  return encodeFrame({
    kind: 'tokens',
    dtype: 'u32',
    sample: false,
    verify: false,
    sessionId: SESSION,
    epoch: 0,
    position,
    tokenCount: 1,
    hopIndex: 0,
    payload: encodeTokenIds([5]),
  });
}

/** Opens and closes sessions, and runs nothing. */
function idleRunner(range: LayerRange): ShardRunner {
  return {
    range,
    mostSessions: 8,
    openSession: () => Promise.resolve(),
    run: (steps) =>
      Promise.resolve(steps.map(() => ({kind: 'ran', output: {kind: 'none'}}) as const)),
    truncate: (_sessionId, position) => Promise.resolve(position),
    closeSession: () => Promise.resolve(),
    memory: () => NO_MEMORY,
    close: () => Promise.resolve(),
  };
}

const hopOf = ({peerId, range}: RingNode): Hop => ({peerId, ...range});

test('[HP1] a peer that fills the queue pays for it, and the other answer continues', async () => {
  const swarm = new RingSwarm();
  const hop = swarm.addNode('alone', WHOLE, {limits: {maxQueuedSteps: 8}});
  const quiet = await collectTokens(swarm.addClient('quiet', [[hop]]), PROMPT);
  const flood = addPeer(swarm, 'flood');
  flood.say(hop, opening('flood', [hopOf(hop)], 100));
  await swarm.settle();
  const tokens: SampledToken[] = [];
  const request = {promptTokenIds: PROMPT, maxNewTokens: 12, sampling: GREEDY};
  for await (const event of swarm.addClient('honest', [[hop]]).generate(request, NEVER)) {
    if (event.kind === 'token') tokens.push(event.token);
    // The prompt leaves right after these: one that runs, and as many as may wait.
    if (event.kind !== 'ready') continue;
    for (let position = 0; position < 9; position += 1) {
      hop.server.receive(asPeerId('flood'), parseFrame(tokenFrame(position)));
    }
  }
  expect(tokens).toEqual(quiet);
  await swarm.settle();
  expect([...hop.server.load.refusals]).toEqual([['QUEUE_FULL', 1]]);
  expect(flood.received).toContainEqual({kind: 'session-failed', hopIndex: 0, code: 'QUEUE_FULL'});
  expect(hop.server.load).toMatchObject({openSessions: 0, queuedSteps: 0});
});

test.each(['head', 'mid'])(
  '[LH6] a flood of the %s, while the reader is slow, costs no token of the tail',
  async (name) => {
    const swarm = new RingSwarm();
    const hops = ['head', 'mid', 'tail'].map((each, at) =>
      swarm.addNode(each, {startLayer: 2 * at, endLayer: 2 * at + 2}),
    );
    const honest = await collectTokens(swarm.addClient('quiet', [hops]), PROMPT);
    const client = swarm.addClient('slow', [hops]);
    const request = {promptTokenIds: PROMPT, maxNewTokens: 12, sampling: GREEDY};
    const answer = client.generate(request, NEVER);
    const tokens: SampledToken[] = [];
    let sessionId = SESSION;
    for await (const event of answer) {
      if (event.kind === 'ready') sessionId = event.sessionId;
      if (event.kind !== 'token') continue;
      tokens.push(event.token);
      if (tokens.length > 1) continue;
      const word = {kind: 'kept-from', epoch: 0, hopIndex: 0, position: 1} as const;
      const frame = parseFrame(encodeControlFrame({sessionId, epoch: 0, hopIndex: 0}, word));
      for (let sent = 0; sent < 100; sent += 1) client.receive(asPeerId(name), frame);
      await swarm.settle();
    }
    expect(tokens).toEqual(honest);
  },
);

test('[HP2] a session that is closed while it opens leaves nothing at the next hop', async () => {
  const swarm = new RingSwarm();
  const head = swarm.addNode('head', {startLayer: 0, endLayer: 3});
  const tail = swarm.addNode('tail', {startLayer: 3, endLayer: 6});
  const reserved = Promise.withResolvers<void>();
  const slow: ShardRunner = {...idleRunner(head.range), openSession: () => reserved.promise};
  head.server.serve({runner: slow, range: {...head.range, embedding: true, lmHead: true}});
  const peer = addPeer(swarm, 'peer');
  peer.say(head, opening('peer', [hopOf(head), hopOf(tail)]));
  await swarm.settle();
  peer.say(head, {kind: 'close-session', reason: 'cancelled'});
  await swarm.settle();
  reserved.resolve();
  await swarm.settle();
  expect(swarm.heldSessions()).toBe(0);
  for (const {server} of swarm.nodes) expect([...server.load.refusals]).toEqual([]);
});

test('[RG19] a hop tells of a change when the engine has let go of a session, too', async () => {
  const swarm = new RingSwarm();
  let changes = 0;
  const hop = swarm.addNode('alone', WHOLE, {onChange: () => (changes += 1)});
  const freed = Promise.withResolvers<void>();
  const slow: ShardRunner = {...idleRunner(WHOLE), closeSession: () => freed.promise};
  hop.server.serve({runner: slow, range: {...WHOLE, embedding: true, lmHead: true}});
  const peer = addPeer(swarm, 'peer');
  peer.say(hop, opening('peer', [hopOf(hop)]));
  await swarm.settle();
  peer.say(hop, {kind: 'close-session', reason: 'cancelled'});
  await swarm.settle();
  expect(swarm.heldSessions()).toBe(0);
  const before = changes;
  freed.resolve();
  await swarm.settle();
  expect(changes).toBe(before + 1);
});

test('[HP3] a hop counts what it ends itself, and not what it only passes on', async () => {
  const swarm = new RingSwarm();
  const head = swarm.addNode('head', {startLayer: 0, endLayer: 3});
  const tail = swarm.addNode('tail', {startLayer: 3, endLayer: 6}, {kvTokens: 2});
  const peer = addPeer(swarm, 'peer');
  peer.say(head, opening('peer', [hopOf(head), hopOf(tail)]));
  await swarm.settle();
  expect(peer.received).toContainEqual({kind: 'session-failed', hopIndex: 1, code: 'KV_FULL'});
  expect([...head.server.load.refusals]).toEqual([]);
  expect([...tail.server.load.refusals]).toEqual([['KV_FULL', 1]]);
});

test('[HP4] sessions of a hop that stops get NOT_SERVING, and so does an opening that comes later', async () => {
  const swarm = new RingSwarm();
  const hop = swarm.addNode('alone', WHOLE);
  const peer = addPeer(swarm, 'peer');
  peer.say(hop, opening('peer', [hopOf(hop)]));
  await swarm.settle();
  hop.server.close();
  await swarm.settle();
  const refusal: Message = {kind: 'session-failed', hopIndex: 0, code: 'NOT_SERVING'};
  expect(peer.received).toEqual([{kind: 'session-ready', inputFrom: [0]}, refusal]);

  const idle = swarm.network.join(asPeerId('idle'));
  const none = {receive: () => false};
  routeFrames(idle, {client: none, hop: () => null, onMalformed: () => undefined});
  const chain = [{peerId: idle.localPeerId, ...WHOLE}];
  const address = {sessionId: SESSION, epoch: 0, hopIndex: 0};
  await peer.transport.send(
    idle.localPeerId,
    encodeControlFrame(address, opening('peer', chain)),
    NEVER,
  );
  await swarm.settle();
  expect(peer.received.slice(2)).toEqual([refusal]);
});

test('[HP5] a peer that does not read its messages costs a bounded number of them', async () => {
  const swarm = new RingSwarm();
  const from = swarm.network.join(asPeerId('from'));
  const to = swarm.network.join(asPeerId('to'));
  const reading = Promise.withResolvers<void>();
  let received = 0;
  to.onFrame(async () => {
    received += 1;
    await reading.promise;
  });
  // The link of the two is full before the first message.
  while (from.traffic().reduce((sum, {sentBytes}) => sum + sentBytes, 0) < 256 * 1024) {
    await from.send(to.localPeerId, new Uint8Array(64 * 1024), NEVER);
  }
  const filled = from.traffic()[0]?.sentFrames ?? 0;
  const post = new ControlPost(from);
  const address = {sessionId: SESSION, epoch: 0, hopIndex: 0};
  for (let i = 0; i < 10_000; i += 1) {
    post.send(to.localPeerId, address, {kind: 'session-failed', hopIndex: 0, code: 'KV_FULL'});
  }
  reading.resolve();
  await swarm.settle();
  expect(received - filled).toBe(256);
  post.send(to.localPeerId, address, {kind: 'session-failed', hopIndex: 0, code: 'KV_FULL'});
  await swarm.settle();
  expect(received - filled).toBe(257);
});

/** A tail that has to serve somebody who asked for nothing. */
async function openInNameOfVictim({isLinked}: {readonly isLinked: boolean}) {
  const swarm = new RingSwarm();
  const tail = swarm.addNode('tail', {startLayer: 3, endLayer: 6});
  const victim = asPeerId('victim');
  swarm.addClient(victim, []);
  if (isLinked) await tail.transport.connect(victim, NEVER);
  const liar = addPeer(swarm, 'liar');
  const chain = [{peerId: asPeerId('liar'), startLayer: 0, endLayer: 3}, hopOf(tail)];
  liar.say(tail, {...opening('victim', chain), hopIndex: 1});
  await swarm.settle();
  const toVictim = tail.transport.traffic().find(({peerId}) => peerId === victim);
  return {swarm, tail, sentFrames: toVictim?.sentFrames ?? 0};
}

test('[HP6] a tail calls at nobody’s door: a peer without a link to it hears nothing, and the session ends', async () => {
  const {swarm, tail, sentFrames} = await openInNameOfVictim({isLinked: false});
  expect(sentFrames).toBe(0);
  expect(tail.server.load.openSessions).toBe(1);
  swarm.nowMs = HOP_LIMITS.openTimeoutMs + 1;
  tail.server.sweep();
  await swarm.settle();
  expect(tail.server.load.openSessions).toBe(0);
});

test('[HP6] a peer that has a link to it closes the session at its first word', async () => {
  const {tail, sentFrames} = await openInNameOfVictim({isLinked: true});
  expect(sentFrames).toBe(1);
  expect(tail.server.load.openSessions).toBe(0);
});

test('[HP7] a client that opens all it may and uses nothing leaves room for others, and its sessions end soon', async () => {
  const swarm = new RingSwarm();
  const hop = swarm.addNode('alone', WHOLE, {limits: {maxSessions: 8}});
  const squatter = addPeer(swarm, 'squatter');
  for (let number = 0; number < 8; number += 1) {
    squatter.say(hop, opening('squatter', [hopOf(hop)]), asSessionId(`00000000000000a${number}`));
  }
  await swarm.settle();
  expect(swarm.heldSessions()).toBe(6);
  const honest = swarm.addClient('honest', [[hop]]);
  expect(await collectTokens(honest, PROMPT)).toHaveLength(12);
  swarm.nowMs = 31_000;
  hop.server.sweep();
  await swarm.settle();
  expect(swarm.heldSessions()).toBe(0);
});

test('[HP8] a client that keeps six sessions busy costs the answer of another no more runs than one session would', async () => {
  const swarm = new RingSwarm();
  const hop = swarm.addNode('alone', WHOLE, {limits: {maxSessions: 8, maxQueuedSteps: 4_096}});
  const flood = addPeer(swarm, 'flood');
  const ids = Array.from({length: 6}, (_, number) => asSessionId(`00000000000000b${number}`));
  for (const id of ids) flood.say(hop, opening('flood', [hopOf(hop)], 150), id);
  await swarm.settle();
  /** Of the engine. */
  const runsBefore: number[] = [];
  const request = {promptTokenIds: PROMPT, maxNewTokens: 12, sampling: GREEDY};
  const tokens: SampledToken[] = [];
  for await (const event of swarm.addClient('honest', [[hop]]).generate(request, NEVER)) {
    if (event.kind === 'token') {
      tokens.push(event.token);
      runsBefore.push(swarm.steps.reduce((sum, {sessions}) => sum + 1 / sessions, 0));
    }
    if (event.kind !== 'ready') continue;
    for (const sessionId of ids) {
      for (let position = 0; position < 100; position += 1) {
        hop.server.receive(asPeerId('flood'), {...parseFrame(tokenFrame(position)), sessionId});
      }
    }
  }
  expect(tokens).toHaveLength(12);
  // Its own runs, and two of the other client while one of its tokens is on its way to the reader
  // and back; with sessions that run one after the other there would be six.
  expect(runsBefore.at(-1)).toBeLessThanOrEqual(12 + 2 * 12);
});
