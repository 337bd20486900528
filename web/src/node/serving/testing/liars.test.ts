import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {eventOf} from '#shared/client/session-messages.ts';
import {A, B, C} from '#shared/session/generation/testing/generation-script.ts';
import {GenerationFailedError} from '#shared/client/generation-failed.ts';
import {LayersLostError} from '#shared/client/layers-lost.ts';
import type {HopReport} from '#shared/session/generation/state/hop-conduct.ts';
import {hopLies, type HopLie, type Place} from '#shared/testing/lies/hop-lies.ts';
import {RingSwarm, type RingNode} from './ring-swarm.ts';

const PROMPT = [5, 7, 11, 13];
const GREEDY = {temperature: 0, topK: 0, topP: 1, seed: 0, topLogprobs: 0};
const NEW_TOKENS = 8;
const PLACES: readonly Place[] = ['head', 'mid', 'tail'];
const MODEL = {vocabularySize: 512, endTokenIds: [3]};
const LIES = hopLies(MODEL);
const TURN_MS = 500;
const FULL: ReadonlySet<string> = new Set(['SESSIONS_FULL', 'KV_FULL', 'QUEUE_FULL']);

// An answer waits for what never comes: the time that it takes passes as fast as nothing happens.
beforeEach(() => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'performance']});
});
afterEach(() => {
  vi.useRealTimers();
});

type Asked = {
  readonly tokenIds: readonly number[];
  readonly error: unknown;
  readonly isOver: boolean;
};

type World = {
  /** Of all hops none lies without it. */
  readonly lie?: HopLie;
  /** Where the hop is that lies. */
  readonly place?: Place;
  /** Whether there is another hop for the layers of each; there is, by default. */
  readonly hasSpares?: boolean;
};

/** Three hops of two layers each, and another for the layers of each; the first of one place may lie. */
class LyingSwarm {
  readonly swarm: RingSwarm;
  readonly #thirds: readonly (readonly RingNode[])[];

  constructor({lie, place, hasSpares = true}: World = {}) {
    this.swarm = new RingSwarm(MODEL);
    this.swarm.limits = {...this.swarm.limits, patienceMs: 60_000};
    this.#thirds = PLACES.map((at, index) =>
      (hasSpares ? ['first', 'second'] : ['first']).map((name) =>
        this.swarm.addNode(
          `${name}-${at}`,
          {startLayer: 2 * index, endLayer: 2 * index + 2},
          lie !== undefined && at === place && name === 'first' ? {distort: lie.distort} : {},
        ),
      ),
    );
  }

  /** Asks, and lets the time pass until the answer is there. */
  async ask(client: string): Promise<Asked> {
    const [heads = [], mids = [], tails = []] = this.#thirds;
    const chains = heads.flatMap((head) =>
      mids.flatMap((mid) => tails.map((tail) => [head, mid, tail])),
    );
    const request = {promptTokenIds: PROMPT, maxNewTokens: NEW_TOKENS, sampling: GREEDY};
    const tokenIds: number[] = [];
    let asked: Asked = {tokenIds, error: null, isOver: false};
    const reading = async () => {
      const events = this.swarm.addClient(client, chains).generate(request, new AbortController());
      for await (const event of events) {
        if (event.kind === 'token') tokenIds.push(event.token.tokenId);
      }
    };
    reading().then(
      () => (asked = {...asked, isOver: true}),
      (error: unknown) => (asked = {...asked, error, isOver: true}),
    );
    for (let turn = 0; turn < 600 && !asked.isOver; turn += 1) {
      for (let i = 0; i < 20 && !asked.isOver; i += 1) {
        await new Promise((resolve) => void setImmediate(resolve));
      }
      if (!asked.isOver) await vi.advanceTimersByTimeAsync(TURN_MS);
    }
    return asked;
  }
}

function expectOnlyLiarIsSure(reports: readonly HopReport[], liar: string): void {
  const sure = reports.filter(({conduct}) => conduct.kind !== 'finished' && conduct.isCertain);
  expect(sure.filter(({peerId}) => peerId !== liar)).toEqual([]);
  // Who says that another is full may be right, and nothing is held against it.
  const faults = reports.filter(({conduct}) => conduct.kind !== 'finished');
  const isOfFull = faults.every(
    ({conduct}) => conduct.kind !== 'finished' && FULL.has(conduct.code),
  );
  if (!isOfFull) expect(faults.map(({peerId}) => peerId)).toContain(liar);
}

describe('a hop that lies before the first token', () => {
  const byName = Map.groupBy(LIES.early, ({what}) => what);
  test.each([...byName.keys()])('[LH1] one that %s ends no answer', async (what) => {
    const honest = await new LyingSwarm().ask('quiet');
    expect(honest.tokenIds).toHaveLength(NEW_TOKENS);
    for (const lie of byName.get(what) ?? []) {
      for (const place of lie.at) {
        const world = new LyingSwarm({lie, place});
        expect({place, ...(await world.ask('client'))}).toEqual({place, ...honest});
        expectOnlyLiarIsSure(world.swarm.reports, `first-${place}`);
      }
    }
  });
});

describe('a hop that lies after the first token', () => {
  for (const lie of LIES.late) {
    test.each(lie.at)(`[LH2] one that ${lie.what}, as %s, ends no answer`, async (place) => {
      const honest = await new LyingSwarm().ask('quiet');
      const world = new LyingSwarm({lie, place});
      expect(await world.ask('client')).toEqual(honest);
      expectOnlyLiarIsSure(world.swarm.reports, `first-${place}`);
    });

    test.each(lie.at)(
      `[LH5] one that ${lie.what}, as %s, is named where it is the only one`,
      async (place) => {
        const {tokenIds} = await new LyingSwarm().ask('quiet');
        const {error, ...shown} = await new LyingSwarm({lie, place, hasSpares: false}).ask(
          'client',
        );
        expect(tokenIds.slice(0, shown.tokenIds.length)).toEqual(shown.tokenIds);
        const broken = error instanceof LayersLostError ? error.cause : error;
        if (!(broken instanceof GenerationFailedError))
          throw new Error(`Not refused: ${String(error)}`);
        const {peerId, orElse, code} = broken.detail;
        expect(lie.isFraming === true ? [peerId, ...orElse] : [peerId]).toContain(`first-${place}`);
        // Nothing is wrong with the request, whatever a hop says.
        expect(['PROMPT_TOO_LONG', 'VERSION_MISMATCH']).not.toContain(code);
      },
    );
  }
});

describe('a hop that lies beside an answer that is right', () => {
  test.each(LIES.beside)('[LH4] one that $what changes nothing of it', async (lie) => {
    const honest = await new LyingSwarm().ask('quiet');
    const world = new LyingSwarm({lie, place: 'tail'});
    expect(await world.ask('client')).toEqual(honest);
    const faults = world.swarm.reports.filter(({conduct}) => conduct.kind !== 'finished');
    expect(faults).toEqual([]);
  });
});

test('[GN21] how far a hop is, a client hears through the head: what a tail says of it counts for nothing', () => {
  const hops = [A, B, C];
  const message = {kind: 'kept-from', epoch: 0, hopIndex: 0, position: 0} as const;
  expect(eventOf(hops, {from: A.peerId, epoch: 0}, message)).toEqual(message);
  expect(eventOf(hops, {from: C.peerId, epoch: 0}, message)).toBeNull();
});
