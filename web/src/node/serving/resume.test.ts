import {expect, test} from 'vitest';
import {asPeerId, asSessionId} from '#shared/base/ids.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import {encodeFrame, parseFrame} from '#shared/protocol/frame/frame.ts';
import {decodeSampledTokens} from '#shared/protocol/frame/sampled-token.ts';
import {encodeTokenIds} from '#shared/protocol/frame/token-ids.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '#shared/protocol/version.ts';
import {decodeControlFrame, encodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import {GREEDY, MANIFEST_HASH, RingSwarm, type RingNode} from './testing/ring-swarm.ts';

const PROMPT = [5, 7, 11, 13];
const NEW_TOKENS = 12;
const SESSION = asSessionId('0123456789abcdef');
const NEVER = new AbortController();

/** A client that says each word itself, so that a test can lose a hop at any of them. */
class PlainClient {
  readonly received: Message[] = [];
  readonly tokenIds: number[] = [];
  readonly #swarm: RingSwarm;
  readonly #transport;
  #epoch = 0;
  #head = asPeerId('nobody');

  constructor(swarm: RingSwarm) {
    this.#swarm = swarm;
    this.#transport = swarm.network.join(asPeerId('client'));
    this.#transport.onFrame((_, bytes) => {
      const frame = parseFrame(bytes);
      if (frame.kind === 'control') this.received.push(decodeControlFrame(frame));
      else if (frame.epoch === this.#epoch) {
        this.tokenIds.push(...decodeSampledTokens(frame).map(({tokenId}) => tokenId));
      }
    });
  }

  /** The position of the token that goes round next. */
  get position(): number {
    return PROMPT.length + this.tokenIds.length - 1;
  }

  async open(epoch: number, chain: readonly (readonly [RingNode, number])[]): Promise<void> {
    const [first] = chain;
    const [tail] = chain.at(-1) ?? [];
    if (first === undefined || tail === undefined) throw new Error('A chain has hops');
    await this.#transport.connect(tail.peerId, NEVER);
    this.#epoch = epoch;
    this.#head = first[0].peerId;
    await this.say({
      kind: 'open-session',
      protocolMajor: PROTOCOL_MAJOR,
      protocolMinor: PROTOCOL_MINOR,
      epoch,
      keep: 'after-loss',
      manifestHash: MANIFEST_HASH,
      clientId: this.#transport.localPeerId,
      hopIndex: 0,
      hops: chain.map(([{peerId, range}, warmPosition]) => ({peerId, ...range, warmPosition})),
      promptTokens: PROMPT.length,
      maxNewTokens: NEW_TOKENS,
      sampling: GREEDY,
    });
    await this.#swarm.settle();
  }

  async say(message: Message): Promise<void> {
    const address = {sessionId: SESSION, epoch: this.#epoch, hopIndex: 0};
    await this.#transport.send(this.#head, encodeControlFrame(address, message), NEVER);
  }

  /** Everything from the position of the next token on is forgotten. */
  async truncate(epoch: number): Promise<void> {
    this.#epoch = epoch;
    await this.say({kind: 'truncate', epoch, position: this.position});
  }

  async feed(position: number, tokenIds: readonly number[], sample: boolean): Promise<void> {
    const frame = encodeFrame({
      kind: 'tokens',
      dtype: 'u32',
      sample,
      verify: false,
      sessionId: SESSION,
      epoch: this.#epoch,
      position,
      tokenCount: tokenIds.length,
      hopIndex: 0,
      payload: encodeTokenIds(tokenIds),
    });
    await this.#transport.send(this.#head, frame, NEVER);
  }

  /** Feeds the last token again: the ring goes on. */
  async goOn(): Promise<void> {
    await this.feed(this.position, this.tokenIds.slice(-1), true);
  }

  /** Waits until `count` tokens have come. */
  async read(count: number): Promise<void> {
    for (let turn = 0; turn < 2_000 && this.tokenIds.length < count; turn += 1) {
      await new Promise((resolve) => void setImmediate(resolve));
    }
    if (this.tokenIds.length < count) throw new Error(`Only ${this.tokenIds.length} tokens came`);
  }
}

/** Three hops of two layers each, and a second one for the middle. */
function hopsOf(swarm: RingSwarm, keptBytes?: number) {
  const add = (name: string, startLayer: number): RingNode =>
    swarm.addNode(
      name,
      {startLayer, endLayer: startLayer + 2},
      keptBytes === undefined ? {} : {limits: {keptBytes}},
    );
  return {head: add('head', 0), mid: add('mid', 2), spare: add('spare', 2), tail: add('tail', 4)};
}

/** Whoever has read a whole answer, and may go on with it: nobody left. */
async function readWhole(): Promise<PlainClient> {
  const swarm = new RingSwarm();
  const {head, mid, tail} = hopsOf(swarm);
  const client = new PlainClient(swarm);
  await client.open(
    0,
    [head, mid, tail].map((hop) => [hop, 0]),
  );
  await client.feed(0, PROMPT, true);
  await client.read(NEW_TOKENS);
  return client;
}

/** The whole answer as it is when nobody leaves. */
async function undisturbed(): Promise<readonly number[]> {
  return (await readWhole()).tokenIds;
}

/** An answer whose middle hop is lost after some tokens. */
async function loseMiddle(keptBytes?: number) {
  const swarm = new RingSwarm();
  const hops = hopsOf(swarm, keptBytes);
  const {head, mid, spare, tail} = hops;
  const client = new PlainClient(swarm);
  await client.open(
    0,
    [head, mid, tail].map((hop) => [hop, 0]),
  );
  await client.feed(0, PROMPT, true);
  await client.read(3);
  swarm.network.cut(head.peerId, mid.peerId);
  swarm.network.cut(mid.peerId, tail.peerId);
  await swarm.settle();
  expect(client.received).toContainEqual({kind: 'session-failed', hopIndex: 1, code: 'PEER_LEFT'});
  const {position} = client;
  await client.open(1, [
    [head, position],
    [spare, position],
    [tail, position],
  ]);
  const inputFrom = [position, 0, position];
  expect(client.received.at(-1)).toEqual({kind: 'session-ready', inputFrom});
  await client.say({kind: 'replay-from', epoch: 1, hopIndex: 0, position: 0});
  return {swarm, client, ...hops};
}

test('[HS9] the hop before a lost one feeds the new one what it kept, and the text goes on the same', async () => {
  const {swarm, client, head, spare, tail} = await loseMiddle();
  await client.goOn();
  await client.read(NEW_TOKENS);
  expect(client.tokenIds).toEqual(await undisturbed());
  await client.say({kind: 'close-session', reason: 'done'});
  await swarm.settle();
  expect(swarm.heldSessions()).toBe(1); // At the lost hop, whose links were cut.
  for (const {server} of [head, spare, tail]) {
    expect([...server.load.refusals.keys()].filter((code) => code !== 'PEER_LEFT')).toEqual([]);
  }
  swarm.nowMs = 60_000;
  for (const {server} of swarm.nodes) server.sweep();
  expect(swarm.heldSessions()).toBe(0);
});

test('[HS10] where too little was kept, the client goes back with its token list, and the text goes on the same', async () => {
  const keptBytes = 3 * 2 * new RingSwarm().spec.hiddenSize;
  const {swarm, client, head, spare, tail} = await loseMiddle(keptBytes);
  await client.goOn();
  await swarm.settle();
  const {position} = client;
  expect(client.received.at(-1)).toMatchObject({kind: 'kept-from', epoch: 1, hopIndex: 0});
  await client.open(2, [
    [head, 0],
    [spare, 0],
    [tail, position],
  ]);
  expect(client.received.at(-1)).toEqual({kind: 'session-ready', inputFrom: [0, 0, position]});
  await client.feed(0, [...PROMPT, ...client.tokenIds.slice(0, -1)], false);
  await client.goOn();
  await client.read(NEW_TOKENS);
  expect(client.tokenIds).toEqual(await undisturbed());
});

test('[HS5] a truncated answer goes on from there with the same text', async () => {
  const client = await readWhole();
  const whole = [...client.tokenIds];
  client.tokenIds.length = 5;
  await client.truncate(1);
  await client.goOn();
  await client.read(NEW_TOKENS);
  expect(client.tokenIds).toEqual(whole);
});
