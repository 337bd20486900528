import * as z from 'zod';
import {asPeerId, type PeerId} from '../base/ids.ts';
import {MAX_FRAME_BYTES} from '../protocol/frame/frame.ts';
import type {Transport} from './transport.ts';

/**
 * Two transports that can reach each other, and what the suite must do to their
 * world. Runs in vitest and, bundled, in two real tabs: so it brings its own
 * assertions.
 */
export type TransportPair = {
  readonly a: Transport;
  readonly b: Transport;
  /** Loses the link without either side closing its transport. */
  cut(): Promise<void>;
  close(): Promise<void>;
};

export type TransportRule = {
  readonly name: string;
  readonly run: (pair: TransportPair) => Promise<void>;
};

const NOBODY = asPeerId('12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5');
const waitSchema = z.looseObject({waitedMs: z.number()});
/** Ends a run that hangs; no rule is about time, and machines are busy. */
const TIMEOUT_MS = 50_000;
const limited = () => ({signal: AbortSignal.timeout(TIMEOUT_MS)});

/** `byteLength` bytes that name their own place, so that a mixed-up frame shows. */
function patterned(byteLength: number, seed: number): Uint8Array {
  return Uint8Array.from({length: byteLength}, (_, index) => (index * 31 + seed * 17) & 0xff);
}

function equal(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`${what}: expected ${wanted}, found ${found}`);
}

function sameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  equal(actual.byteLength, expected.byteLength, `${what}, length`);
  const differing = actual.findIndex((byte, index) => byte !== expected[index]);
  equal(differing, -1, `${what}, first differing byte`);
}

async function codeOf(action: Promise<unknown>): Promise<unknown> {
  try {
    await action;
    return 'nothing thrown';
  } catch (error) {
    return error instanceof Error && 'detail' in error ? error.detail : error;
  }
}

/** Resolves with the first `frameCount` frames that arrive. */
function collect(transport: Transport, frameCount: number): Promise<readonly Arrived[]> {
  const {promise, resolve, reject} = Promise.withResolvers<readonly Arrived[]>();
  const arrived: Arrived[] = [];
  const timer = setTimeout(
    () => reject(new Error(`Only ${arrived.length} of ${frameCount} frames arrived`)),
    TIMEOUT_MS,
  );
  const stop = transport.onFrame((from, frame) => {
    arrived.push({from, frame});
    if (arrived.length < frameCount) return;
    stop();
    clearTimeout(timer);
    resolve(arrived);
  });
  return promise;
}
type Arrived = {readonly from: PeerId; readonly frame: Uint8Array};

/** What `side` has counted with `other`. */
function countsOf(side: Transport, other: Transport) {
  const none = {sentBytes: 0, sentFrames: 0, receivedBytes: 0, receivedFrames: 0};
  return side.traffic().find(({peerId}) => peerId === other.localPeerId) ?? none;
}

function nextLoss(transport: Transport): Promise<PeerId> {
  return new Promise((resolve) => {
    const stop = transport.onPeerClosed((peer) => {
      stop();
      resolve(peer);
    });
  });
}

export const transportContract: readonly TransportRule[] = [
  {
    name: '[TR1] delivers whole frames, of any length up to the limit, in the order they were sent',
    run: async ({a, b}) => {
      const lengths = [0, 1, 3, 4, 5, 4095, 4607, 4608, 65_536, 131_073, 300_000, MAX_FRAME_BYTES];
      const sent = lengths.map((byteLength, index) => patterned(byteLength, index));
      const arrival = collect(b, sent.length);
      for (const frame of sent) await a.send(b.localPeerId, frame.slice(), limited());
      const arrived = await arrival;
      for (const [index, {from, frame}] of arrived.entries()) {
        equal(from, a.localPeerId, 'sender');
        sameBytes(frame, sent[index] ?? new Uint8Array(), `frame ${index}`);
      }
    },
  },
  {
    name: '[TR2] keeps the order of sends that do not wait for each other, both ways at once',
    run: async ({a, b}) => {
      const arrivals = [collect(b, 200), collect(a, 200)];
      const indices = Array.from({length: 200}, (_, index) => index);
      await Promise.all(
        indices.flatMap((index) => [
          a.send(b.localPeerId, patterned(2000 + index, index), limited()),
          b.send(a.localPeerId, patterned(2000 + index, index), limited()),
        ]),
      );
      for (const arrived of await Promise.all(arrivals)) {
        equal(
          arrived.map(({frame}) => frame.byteLength - 2000),
          indices,
          'order',
        );
      }
    },
  },
  {
    name: '[TR3] send waits while the receiver has not dealt with what it got, and goes on after',
    run: async ({a, b}) => {
      const gate = Promise.withResolvers<void>();
      const arrival = collect(b, 64);
      const stop = b.onFrame(() => gate.promise);
      let takenCount = 0;
      const sends = Array.from({length: 64}, async (_, index) => {
        await a.send(b.localPeerId, patterned(32_768, index), limited());
        takenCount += 1;
      });
      await sends[0];
      await b.send(a.localPeerId, new Uint8Array(1), limited());
      equal(takenCount < 64, true, 'some of 2 MiB must wait');
      gate.resolve();
      await Promise.all(sends);
      await arrival;
      stop();
    },
  },
  {
    name: '[TR4] an aborted send rejects with the reason of its signal, and the link goes on',
    run: async ({a, b}) => {
      const gate = Promise.withResolvers<void>();
      const stop = b.onFrame(() => gate.promise);
      const arrival = collect(b, 33);
      const fill = Array.from({length: 32}, (_, index) =>
        a.send(b.localPeerId, patterned(32_768, index), limited()),
      );
      const abort = new AbortController();
      const waiting = codeOf(a.send(b.localPeerId, new Uint8Array(9), {signal: abort.signal}));
      abort.abort('enough');
      equal(await waiting, 'enough', 'reason');
      gate.resolve();
      await Promise.all(fill);
      await a.send(b.localPeerId, patterned(7, 7), limited());
      const last = (await arrival).at(-1)?.frame ?? new Uint8Array();
      stop();
      sameBytes(last, patterned(7, 7), 'the next frame');
    },
  },
  {
    name: '[TR5] loops back to oneself',
    run: async ({a}) => {
      const arrival = collect(a, 2);
      await a.connect(a.localPeerId, limited());
      await a.send(a.localPeerId, patterned(10, 1), limited());
      await a.send(a.localPeerId, patterned(20, 2), limited());
      const arrived = await arrival;
      equal(
        arrived.map(({from, frame}) => [from, frame.byteLength]),
        [
          [a.localPeerId, 10],
          [a.localPeerId, 20],
        ],
        'frames',
      );
    },
  },
  {
    name: '[TR6] refuses a frame above the limit before sending any of it',
    run: async ({a, b}) => {
      const frame = new Uint8Array(MAX_FRAME_BYTES + 1);
      const expected = {
        code: 'FRAME_TOO_LARGE',
        frameBytes: MAX_FRAME_BYTES + 1,
        maxBytes: MAX_FRAME_BYTES,
      };
      equal(await codeOf(a.send(b.localPeerId, frame, limited())), expected, 'detail');
    },
  },
  {
    name: '[TR7] says PEER_UNREACHABLE, whom, and how long it waited',
    run: async ({a}) => {
      const detail = await codeOf(a.connect(NOBODY, limited()));
      const {waitedMs, ...rest} = waitSchema.parse(detail);
      equal(rest, {code: 'PEER_UNREACHABLE', peerId: NOBODY}, 'detail');
      equal(waitedMs >= 0, true, 'waitedMs is not negative');
    },
  },
  {
    name: '[TR8] informs both sides once that the link is lost, and reconnects',
    run: async (pair) => {
      const {a, b} = pair;
      await a.send(b.localPeerId, new Uint8Array(1), limited());
      const arrivalAtA = collect(a, 1);
      await b.send(a.localPeerId, new Uint8Array(1), limited());
      await arrivalAtA;
      const losses: string[] = [];
      const stops = [a, b].map((side, index) =>
        side.onPeerClosed((peer) => losses.push(`${index} ${peer}`)),
      );
      const bothLost = Promise.all([nextLoss(a), nextLoss(b)]);
      await pair.cut();
      equal(await bothLost, [b.localPeerId, a.localPeerId], 'who was lost');
      const arrival = collect(b, 1);
      await a.send(b.localPeerId, patterned(5, 5), limited());
      sameBytes((await arrival)[0]?.frame ?? new Uint8Array(), patterned(5, 5), 'after the loss');
      for (const stop of stops) stop();
      equal(losses.toSorted(), [`0 ${b.localPeerId}`, `1 ${a.localPeerId}`], 'losses');
    },
  },
  {
    name: '[TR9] a send that waits when the link is lost rejects with LINK_LOST',
    run: async (pair) => {
      const {a, b} = pair;
      const gate = Promise.withResolvers<void>();
      const stop = b.onFrame(() => gate.promise);
      const sends = Array.from({length: 64}, (_, index) =>
        codeOf(a.send(b.localPeerId, patterned(32_768, index), limited())),
      );
      await sends[0];
      await pair.cut();
      const last = await sends.at(-1);
      gate.resolve();
      stop();
      equal(last, {code: 'LINK_LOST', peerId: b.localPeerId}, 'detail of the last send');
    },
  },
  {
    name: '[TR10] counts frames and payload bytes per peer, both ways',
    run: async ({a, b}) => {
      const before = [countsOf(a, b), countsOf(b, a)] as const;
      const arrival = collect(b, 2);
      await a.send(b.localPeerId, new Uint8Array(100), limited());
      await a.send(b.localPeerId, new Uint8Array(23), limited());
      await arrival;
      equal(countsOf(a, b).sentBytes - before[0].sentBytes, 123, 'bytes sent');
      equal(countsOf(a, b).sentFrames - before[0].sentFrames, 2, 'frames sent');
      equal(countsOf(b, a).receivedBytes - before[1].receivedBytes, 123, 'bytes received');
      equal(countsOf(b, a).receivedFrames - before[1].receivedFrames, 2, 'frames received');
    },
  },
  {
    name: '[TR11] measures a round trip',
    run: async ({a, b}) => {
      const rttMs = await a.measureRtt(b.localPeerId, limited());
      equal(rttMs >= 0 && rttMs < TIMEOUT_MS, true, `round trip of ${rttMs} ms`);
    },
  },
  {
    name: '[TR23] waits for a link until the peer has opened it',
    run: async ({a, b}) => {
      const linked = b.awaitLink(a.localPeerId, limited());
      await a.connect(b.localPeerId, limited());
      await linked;
      await b.awaitLink(a.localPeerId, limited());
      const abort = new AbortController();
      const waiting = codeOf(b.awaitLink(NOBODY, {signal: abort.signal}));
      abort.abort('enough');
      equal(await waiting, 'enough', 'reason');
    },
  },
  {
    name: '[TR12] a closed transport refuses to send, and the other side hears of it',
    run: async (pair) => {
      const {a, b} = pair;
      await a.send(b.localPeerId, new Uint8Array(1), limited());
      const loss = nextLoss(b);
      await a.close();
      equal(
        await codeOf(a.send(b.localPeerId, new Uint8Array(1), limited())),
        {code: 'TRANSPORT_CLOSED'},
        'detail',
      );
      equal(await loss, a.localPeerId, 'who was lost');
    },
  },
];
