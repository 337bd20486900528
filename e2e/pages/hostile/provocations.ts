import {asPeerId, type SessionId} from '#shared/base/ids.ts';
import {TEST_SWARM} from '#shared/protocol/swarm-kind.ts';
import {RECORD_TTL_MS, type NodeRecord} from '#shared/protocol/node-record.ts';
import {generateKeyPair} from '@libp2p/crypto/keys';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import {encodeTokenIds} from '#shared/protocol/frame/token-ids.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import {
  chainTo,
  chainWith,
  closing,
  controlFrame,
  dataFrame,
  hiddenFrame,
  newSessionId,
  opening,
  openSession,
} from './attack-frames.ts';
import {malformedFrames, malformedMessages} from './malformed.ts';
import type {HostileWorld, Victim} from './hostile-world.ts';
import {publishFromServer} from './owner-at-server.ts';

/** One way to make a lending tab refuse with a code. */
export type Provocation = {
  readonly what: string;
  readonly at: 'head' | 'tail';
  /** How often it is counted. */
  readonly times: number;
  /** Whether the hostile peer receives the code; a fault without a session is only counted. */
  readonly isReported: boolean;
  /** @returns the sessions that are still open afterwards. */
  readonly provoke: (world: HostileWorld, victim: Victim) => Promise<readonly SessionId[]>;
};

/** Codes of the protocol that bytes from outside provoke in a tab that lends. */
export type FromOutside = Exclude<RefusalCode, 'ENGINE_LOST' | 'SESSION_EXPIRED'>;

const MANY_TOKENS = 8_000;
/** Three quarters of a tab's sessions: as many as one client gets. */
const SESSIONS_OF_ONE = 6;
const F16_NAN = 0x7e00;
const F16_INFINITY = 0x7c00;

const once = {times: 1, isReported: true, at: 'head'} as const;

/** An opening that is refused as a whole. */
function refusedOpening(
  what: string,
  changes: (world: HostileWorld, victim: Victim) => Readonly<Record<string, unknown>>,
  at: 'head' | 'tail' = 'head',
): Provocation {
  return {
    ...once,
    what,
    at,
    provoke: async (world, victim) => {
      const hopIndex = at === 'head' ? 0 : 1;
      const message = opening(world, victim, changes(world, victim));
      const frame = controlFrame({sessionId: newSessionId(), hopIndex}, message);
      await world.hostile.send(victim.peerId, [frame]);
      return [];
    },
  };
}

/** Frames on a session that is open and ready, which it does not survive. */
function fatalFrames(
  what: string,
  frames: (sessionId: SessionId, world: HostileWorld) => readonly Uint8Array[],
  {
    at = 'head',
    ...changes
  }: {readonly at?: 'head' | 'tail'; readonly [field: string]: unknown} = {},
): Provocation {
  return {
    ...once,
    what,
    at,
    provoke: async (world, victim) => {
      const sessionId = await openSession(world, victim, changes);
      await world.hostile.send(victim.peerId, frames(sessionId, world));
      return [];
    },
  };
}

/** Something on a session that stays open, since it is not the session's fault. */
function harmless(
  what: string,
  frame: (sessionId: SessionId, world: HostileWorld, victim: Victim) => Uint8Array,
  isReported: boolean,
): Provocation {
  return {
    ...once,
    what,
    isReported,
    provoke: async (world, victim) => {
      const sessionId = await openSession(world, victim);
      await world.hostile.send(victim.peerId, [frame(sessionId, world, victim)]);
      return [sessionId];
    },
  };
}

export const PROVOCATIONS: Readonly<Record<FromOutside, readonly Provocation[]>> = {
  VERSION_MISMATCH: [
    refusedOpening('an opening of another major version', () => ({protocolMajor: 1})),
  ],
  UNSUPPORTED: [
    fatalFrames(
      'guessed tokens to be verified',
      (sessionId, world) => [hiddenFrame(world, {sessionId, sample: true, verify: true})],
      {at: 'tail'},
    ),
  ],
  WRONG_MODEL: [
    refusedOpening('an opening for another model', () => ({manifestHash: 'cd'.repeat(32)})),
  ],
  NOT_SERVING: [
    refusedOpening('a chain with layers that the head does not hold', ({model, head}) => ({
      hops: [
        {peerId: head.peerId, startLayer: 0, endLayer: model.grid.layerCount, warmPosition: 0},
      ],
    })),
    refusedOpening(
      'a tail as the head of a chain',
      ({model, tail}) => ({
        hopIndex: 0,
        hops: [
          {peerId: tail.peerId, startLayer: 0, endLayer: model.grid.layerCount, warmPosition: 0},
        ],
      }),
      'tail',
    ),
  ],
  PROMPT_TOO_LONG: [
    refusedOpening('more tokens than the context', ({model}) => ({
      promptTokens: model.manifest.spec.contextTokens,
      maxNewTokens: 2,
    })),
  ],
  SESSIONS_FULL: [
    {
      ...once,
      what: 'more openings than one client gets sessions',
      provoke: async (world, victim) => {
        const opened: SessionId[] = [];
        while (opened.length < SESSIONS_OF_ONE) opened.push(await openSession(world, victim));
        const frame = controlFrame({sessionId: newSessionId()}, opening(world, victim));
        await world.hostile.send(victim.peerId, [frame]);
        return opened;
      },
    },
  ],
  KV_FULL: [
    {
      ...once,
      what: 'openings that reserve more than the whole cache',
      provoke: async (world, victim) => {
        const changes = {promptTokens: MANY_TOKENS};
        const sessionId = await openSession(world, victim, changes);
        const frame = controlFrame({sessionId: newSessionId()}, opening(world, victim, changes));
        await world.hostile.send(victim.peerId, [frame]);
        return [sessionId];
      },
    },
    fatalFrames('more tokens than were reserved', (sessionId) => [
      dataFrame({sessionId, tokenCount: 8, payload: encodeTokenIds(Array<number>(8).fill(5))}),
    ]),
  ],
  QUEUE_FULL: [
    fatalFrames(
      'a prompt in thousands of pieces',
      (sessionId) =>
        Array.from({length: MANY_TOKENS}, (_, position) => dataFrame({sessionId, position})),
      {promptTokens: MANY_TOKENS},
    ),
  ],
  PEER_UNREACHABLE: [
    refusedOpening('a chain to a peer that nobody knows', (world) => ({
      hops: chainTo(world, asPeerId('12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5')),
    })),
  ],
  ONLY_RELAYED_PATH: [
    {
      ...once,
      what: 'a chain to a peer whose record names only a relay',
      provoke: async (world, victim) => {
        const peerId = await publishGhost(world);
        const message = opening(world, victim, {hops: chainTo(world, peerId)});
        await world.hostile.send(victim.peerId, [
          controlFrame({sessionId: newSessionId()}, message),
        ]);
        return [];
      },
    },
  ],
  PEER_LEFT: [
    {
      ...once,
      what: 'a next hop that disappears during an answer',
      isReported: false,
      provoke: async (world, victim) => {
        await openSession(world, victim);
        await world.hostile.cut(victim.peerId);
        return [];
      },
    },
  ],
  SESSION_EXISTS: [
    harmless(
      'the same opening again',
      (sessionId, world, victim) => controlFrame({sessionId}, opening(world, victim)),
      true,
    ),
  ],
  UNKNOWN_SESSION: [
    {
      ...once,
      what: 'tokens and hidden states of sessions that never were',
      times: 2,
      provoke: async (world, victim) => {
        await world.hostile.send(victim.peerId, [
          dataFrame({sessionId: newSessionId()}),
          hiddenFrame(world, {sessionId: newSessionId()}),
        ]);
        return [];
      },
    },
  ],
  MALFORMED_FRAME: [
    {
      ...once,
      what: 'bytes that are not a frame',
      times: malformedFrames().length,
      isReported: false,
      provoke: async (world, victim) => {
        await world.hostile.send(victim.peerId, malformedFrames());
        return [];
      },
    },
    {
      ...once,
      what: 'control frames whose payload is no JSON text',
      times: 3,
      provoke: async (world, victim) => {
        const sessionId = newSessionId();
        const payload = Uint8Array.of(0xff, 0xfe);
        await world.hostile.send(victim.peerId, [
          controlFrame({sessionId}, '{"kind":'),
          controlFrame({sessionId}, '['.repeat(500_000)),
          dataFrame({sessionId, kind: 'control', dtype: 'none', tokenCount: 0, payload}),
        ]);
        return [];
      },
    },
  ],
  MALFORMED_MESSAGE: [
    {
      ...once,
      what: 'messages that break their schema, chains that cannot be',
      times: malformedMessages({}, []).length,
      provoke: async (world, victim) => {
        const messages = malformedMessages(opening(world, victim), chainWith(world, victim));
        const sessionId = newSessionId();
        const frames = messages.map((message) => controlFrame({sessionId}, message));
        await world.hostile.send(victim.peerId, frames);
        return [];
      },
    },
  ],
  MISADDRESSED: [
    refusedOpening('an opening for another hop', () => ({hopIndex: 1})),
    refusedOpening('an opening in the name of another client', ({tail}) => ({
      clientId: tail.peerId,
    })),
    {
      ...once,
      what: 'a session of one client, resumed by another',
      at: 'tail',
      provoke: async (world, victim) => {
        const sessionId = await openSession(world, victim);
        const message = opening(world, victim, {epoch: 9, clientId: world.head.peerId});
        await world.hostile.send(victim.peerId, [
          controlFrame({sessionId, epoch: 9, hopIndex: 1}, message),
        ]);
        return [sessionId];
      },
    },
    harmless('a frame for another hop', (sessionId) => dataFrame({sessionId, hopIndex: 7}), false),
    harmless(
      'a readiness that only a client hears',
      (sessionId) => controlFrame({sessionId}, {kind: 'session-ready', inputFrom: [0, 0]}),
      false,
    ),
  ],
  OUT_OF_ORDER: [
    fatalFrames('a frame too far', (sessionId) => [dataFrame({sessionId, position: 1})]),
    fatalFrames('the same frame twice', (sessionId) => {
      const frame = dataFrame({sessionId});
      return [frame, frame];
    }),
    fatalFrames('a frame of an epoch to come', (sessionId) => [dataFrame({sessionId, epoch: 1})]),
    fatalFrames('a position at the end of the number range', (sessionId) => [
      dataFrame({sessionId, position: 0xffff_ffff}),
    ]),
  ],
  BAD_PAYLOAD: [
    fatalFrames('a token id outside the vocabulary', (sessionId, {model}) => [
      dataFrame({sessionId, payload: encodeTokenIds([model.manifest.spec.vocabularySize])}),
    ]),
    fatalFrames('a hidden state for the head', (sessionId, world) => [
      hiddenFrame(world, {sessionId, hopIndex: 0}),
    ]),
    fatalFrames('tokens for the tail', (sessionId) => [dataFrame({sessionId, hopIndex: 1})], {
      at: 'tail',
    }),
    fatalFrames(
      'a hidden state with NaN',
      (sessionId, world) => [hiddenFrame(world, {sessionId}, F16_NAN)],
      {at: 'tail'},
    ),
    fatalFrames(
      'a hidden state with Infinity',
      (sessionId, world) => [hiddenFrame(world, {sessionId}, F16_INFINITY)],
      {at: 'tail'},
    ),
    fatalFrames(
      'f32 hidden states with NaN',
      (sessionId, {model}) => {
        const values = new Float32Array(model.manifest.spec.hiddenSize).fill(Number.NaN);
        const payload = new Uint8Array(values.buffer);
        return [dataFrame({sessionId, kind: 'hidden', dtype: 'f32', hopIndex: 1, payload})];
      },
      {at: 'tail'},
    ),
    fatalFrames(
      'a hidden state of another width',
      (sessionId) => {
        const payload = new Uint8Array(64);
        return [dataFrame({sessionId, kind: 'hidden', dtype: 'f16', hopIndex: 1, payload})];
      },
      {at: 'tail'},
    ),
  ],
};

/** A signed record of an absent peer, under an address that is not direct. */
async function publishGhost(world: HostileWorld): Promise<NodeRecord['peerId']> {
  const privateKey = await generateKeyPair('Ed25519');
  const peerId = asPeerId(peerIdFromPrivateKey(privateKey).toString());
  const {port, peerId: relay} = world.swarm.server;
  const address = `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${relay}/p2p-circuit/p2p/${peerId}`;
  const seq = Date.now();
  const record = buildRecord({
    peerId,
    seq,
    expiresAtMs: seq + RECORD_TTL_MS,
    swarmId: TEST_SWARM,
    manifestHash: world.manifestHash,
    addresses: [address],
    shards: [],
  });
  await publishFromServer(world, record, privateKey);
  await world.waitUntilKnown(peerId);
  return peerId;
}

/** Frees what a provocation has left open. */
export async function closeAll(
  {hostile}: HostileWorld,
  victim: Victim,
  sessions: readonly SessionId[],
): Promise<void> {
  if (sessions.length === 0) return;
  await hostile.send(
    victim.peerId,
    sessions.map((sessionId) => closing(sessionId, victim)),
  );
}
