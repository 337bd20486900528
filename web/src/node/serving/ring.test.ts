import {describe, expect, test} from 'vitest';
import {asManifestHash} from '#shared/base/ids.ts';
import type {GenerationClient} from '#shared/client/generation-client.ts';
import {GenerationFailedError} from '#shared/client/generation-failed.ts';
import {PromptTooLongError} from '#shared/client/prompt-too-long.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import {slowToConfirm} from './testing/slow-to-confirm.ts';
import {collectTokens, GREEDY, RingSwarm, type RingNode} from './testing/ring-swarm.ts';

const PROMPT = [5, 7, 11, 13];

/** Three hops of two layers each. */
function threeHops(swarm: RingSwarm): readonly RingNode[] {
  return [0, 2, 4].map((startLayer) =>
    swarm.addNode(`hop-${startLayer}`, {startLayer, endLayer: startLayer + 2}),
  );
}

async function servedOf(client: GenerationClient, sampling = GREEDY) {
  const request = {promptTokenIds: PROMPT, maxNewTokens: 12, sampling};
  const kinds: string[] = [];
  for await (const event of client.generate(request, new AbortController())) {
    kinds.push(event.kind);
    if (event.kind === 'served') return {kinds, hops: event.hops};
  }
  return {kinds, hops: []};
}

async function failureOf(answer: Promise<unknown>): Promise<string> {
  const error: unknown = await answer.then(
    () => null,
    (reason: unknown) => reason,
  );
  const isRefusal = error instanceof GenerationFailedError || error instanceof PromptTooLongError;
  if (!isRefusal) throw new Error(`No refusal: ${String(error)}`);
  return error.detail.code;
}

describe('a ring of hops', () => {
  test('[RG1] gives the same tokens over one hop and over three, and frees them all', async () => {
    const swarm = new RingSwarm();
    const three = threeHops(swarm);
    const one = [swarm.addNode('alone', {startLayer: 0, endLayer: 6})];
    const overThree = await collectTokens(swarm.addClient('a', [three]), PROMPT);
    const overOne = await collectTokens(swarm.addClient('b', [one]), PROMPT);
    expect(overThree).toHaveLength(12);
    expect(overOne).toEqual(overThree);
    await swarm.settle();
    expect(swarm.heldSessions()).toBe(0);
  });

  test.each([1, 3])(
    '[RG25] input that comes before a hop of %d knows that its own message was sent is served',
    async (hopCount) => {
      const swarm = new RingSwarm();
      const layers = 6 / hopCount;
      const hops = Array.from({length: hopCount}, (_, at) =>
        swarm.addNode(
          `hop-${at}`,
          {startLayer: at * layers, endLayer: (at + 1) * layers},
          {over: slowToConfirm},
        ),
      );
      expect(await collectTokens(swarm.addClient('a', [hops]), PROMPT)).toHaveLength(12);
    },
  );

  test('[RG2] a prompt of many pieces is one prompt', async () => {
    const prompt = Array.from({length: 100}, (_, i) => (i * 37) % 400);
    const wide = new RingSwarm({hiddenSize: 4096}); // four tokens to a piece
    const narrow = new RingSwarm({hiddenSize: 16}); // all in one
    const tokens = await Promise.all(
      [wide, narrow].map((swarm) =>
        collectTokens(swarm.addClient('a', [threeHops(swarm)]), prompt),
      ),
    );
    expect(tokens[0]).toEqual(tokens[1]);
  });

  test('[RG3] answers that run at once do not touch each other', async () => {
    const swarm = new RingSwarm();
    const chain = threeHops(swarm);
    const prompts = [PROMPT, [1], [9, 9, 9]];
    const alone = [];
    for (const prompt of prompts)
      alone.push(await collectTokens(swarm.addClient(`x${prompt.length}`, [chain]), prompt));
    const together = await Promise.all(
      prompts.map((prompt) =>
        collectTokens(swarm.addClient(`client${prompt.length}`, [chain]), prompt),
      ),
    );
    expect(together).toEqual(alone);
  });

  test('[RG24] answers that run at once over one hop share runs of its engine, and have the tokens of each alone', async () => {
    const swarm = new RingSwarm();
    const chain = [swarm.addNode('alone', {startLayer: 0, endLayer: 6})];
    const prompts = [1, 2, 3, 4].map((first) => Array.from({length: first}, (_, at) => first + at));
    const answers = (name: string) =>
      prompts.map(
        (prompt) => () =>
          collectTokens(swarm.addClient(`${name}${prompt.length}`, [chain]), prompt),
      );
    const alone = [];
    for (const answer of answers('alone')) alone.push(await answer());
    expect(new Set(swarm.steps.map(({sessions}) => sessions))).toEqual(new Set([1]));
    expect(await Promise.all(answers('together').map((answer) => answer()))).toEqual(alone);
    expect(Math.max(...swarm.steps.map(({sessions}) => sessions))).toBeGreaterThan(1);
  });

  test('[RG27] answers over one hop go on together, and none runs before the others', async () => {
    const swarm = new RingSwarm();
    const chain = [swarm.addNode('alone', {startLayer: 0, endLayer: 6})];
    const answers = [1, 2, 3, 4].map((length) => {
      const prompt = Array.from({length}, () => length);
      return collectTokens(swarm.addClient(`a${length}`, [chain]), prompt, {maxNewTokens: 40});
    });
    await Promise.all(answers);
    const together = swarm.steps.filter(({sessions}) => sessions === 4);
    // All but those of the first and last few, while not all have begun or some are over.
    expect(together.length).toBeGreaterThan(4 * 30);
  });

  test('[RG4] a reader that stops frees every hop', async () => {
    const swarm = new RingSwarm();
    const client = swarm.addClient('a', [threeHops(swarm)]);
    const abort = new AbortController();
    const request = {promptTokenIds: PROMPT, maxNewTokens: 200, sampling: GREEDY};
    let seen = 0;
    const reading = (async () => {
      for await (const event of client.generate(request, abort)) {
        if (event.kind === 'token') seen += 1;
        if (seen === 3) abort.abort();
      }
    })();
    await expect(reading).rejects.toThrow(/abort/iu);
    await swarm.settle();
    expect(swarm.heldSessions()).toBe(0);
    for (const {server} of swarm.nodes) expect([...server.load.refusals]).toEqual([]);
  });

  test('[RG21] an answer waits for its reader, in every hop', async () => {
    const swarm = new RingSwarm();
    const client = swarm.addClient('a', [threeHops(swarm)]);
    const request = {promptTokenIds: PROMPT, maxNewTokens: 4, sampling: GREEDY};
    const answer = client.generate(request, new AbortController());
    let event = await answer.next();
    while (event.value?.kind !== 'ready') event = await answer.next();
    await swarm.settle();
    expect(swarm.heldSessions()).toBe(3);
    let tokens = 0;
    for await (const {kind} of answer) if (kind === 'token') tokens += 1;
    expect(tokens).toBe(4);
    await swarm.settle();
    expect(swarm.heldSessions()).toBe(0);
  });

  test('[RG5] an end token ends the answer, and is the last of it', async () => {
    const probe = new RingSwarm();
    const free = await collectTokens(probe.addClient('a', [threeHops(probe)]), PROMPT);
    const end = free[4]?.tokenId ?? -1;
    const first = free.findIndex(({tokenId}) => tokenId === end);
    const swarm = new RingSwarm({endTokenIds: [end]});
    const tokens = await collectTokens(swarm.addClient('a', [threeHops(swarm)]), PROMPT);
    expect(tokens).toEqual(free.slice(0, first + 1));
  });

  test('[RG6] a hop that refuses is avoided, and the answer comes over another chain', async () => {
    const swarm = new RingSwarm();
    const [head, mid, tail] = threeHops(swarm);
    if (head === undefined || mid === undefined || tail === undefined)
      throw new Error('three hops');
    const full = swarm.addNode('full', mid.range, {limits: {maxSessions: 0}});
    const client = swarm.addClient('a', [
      [head, full, tail],
      [head, mid, tail],
    ]);
    expect(await collectTokens(client, PROMPT)).toHaveLength(12);
    await swarm.settle();
    expect(full.server.load.refusals.get('SESSIONS_FULL')).toBe(1);
    expect(swarm.heldSessions()).toBe(0);
  });

  test('[RG14] while all hops are full a request waits for room, as long as its client has patience', async () => {
    const swarm = new RingSwarm();
    const alone = [
      swarm.addNode('alone', {startLayer: 0, endLayer: 6}, {limits: {maxSessions: 1}}),
    ];
    const client = swarm.addClient('a', [alone]);
    const crowd = Promise.all([collectTokens(client, PROMPT), collectTokens(client, [1])]);
    await expect(crowd).rejects.toMatchObject({
      detail: {code: 'SWARM_FULL', missing: [{startLayer: 0, endLayer: 6, why: 'full'}]},
      cause: {detail: {code: 'SESSIONS_FULL', peerId: 'alone'}},
    });
    await swarm.settle();
    swarm.limits = {...swarm.limits, patienceMs: 60_000};
    const patient = swarm.addClient('b', [alone]);
    const both = await Promise.all([collectTokens(patient, PROMPT), collectTokens(patient, [1])]);
    expect(both.map((tokens) => tokens.length)).toEqual([12, 12]);
    await swarm.settle();
    expect(swarm.heldSessions()).toBe(0);
  });

  test('[RG20] a request that no cache could ever hold is refused at once, with the most that fits', async () => {
    const swarm = new RingSwarm();
    swarm.whyNoChain = {why: 'too-small', mostKvTokens: 14};
    const client = swarm.addClient('a', []);
    await expect(collectTokens(client, PROMPT)).rejects.toMatchObject({
      detail: {code: 'PROMPT_TOO_LONG', promptTokens: 4, newTokens: 12, mostTokens: 15},
    });
  });

  test('[RG7] [GN19] a prompt with an id that the model does not know is refused before anybody is asked, and says so', async () => {
    const swarm = new RingSwarm({vocabularySize: 512});
    const client = swarm.addClient('a', [threeHops(swarm)]);
    await expect(collectTokens(client, [5, 512])).rejects.toMatchObject({
      detail: {code: 'PROMPT_UNKNOWN_TOKEN', vocabularySize: 512},
      message: 'The prompt has a token id that the model does not know: ids are from 0 to 511',
    });
    expect(swarm.heldSessions()).toBe(0);
  });

  test('[RG16] a hop that drains opens nothing more, and what runs in it comes to its end', async () => {
    const swarm = new RingSwarm();
    const chain = threeHops(swarm);
    const running = swarm.addClient('a', [chain]);
    const late = swarm.addClient('b', [chain]);
    const request = {promptTokenIds: PROMPT, maxNewTokens: 12, sampling: GREEDY};
    let seen = 0;
    for await (const event of running.generate(request, new AbortController())) {
      if (event.kind === 'ready') chain[1]?.server.drain();
      if (event.kind === 'token') seen += 1;
      if (seen === 1 && event.kind === 'token')
        expect(await failureOf(collectTokens(late, PROMPT))).toBe('NOT_SERVING');
    }
    expect(seen).toBe(12);
    await swarm.settle();
    expect(swarm.heldSessions()).toBe(0);
  });

  test('[RG15] a hop counts what it sent to the next, by session, prompt and answer apart', async () => {
    const swarm = new RingSwarm();
    const [head, mid, tail] = threeHops(swarm);
    if (head === undefined || mid === undefined || tail === undefined)
      throw new Error('three hops');
    await collectTokens(swarm.addClient('a', [[head, mid, tail]]), PROMPT);
    await swarm.settle();
    const header = 28;
    const hiddenBytes = 2 * swarm.spec.hiddenSize;
    const sent = {
      prefillTokens: PROMPT.length,
      prefillBytes: header + PROMPT.length * hiddenBytes,
      decodeTokens: 11,
      decodeBytes: 11 * (header + hiddenBytes),
    };
    for (const {server} of [head, mid]) expect(server.sessionTraffic()).toMatchObject([sent]);
    expect(tail.server.sessionTraffic()).toEqual([]);
  });

  test.each<[RefusalCode, (swarm: RingSwarm) => Promise<unknown>]>([
    [
      'PROMPT_TOO_LONG',
      (swarm) =>
        collectTokens(swarm.addClient('a', [threeHops(swarm)]), PROMPT, {maxNewTokens: 300}),
    ],
    [
      'MALFORMED_MESSAGE', // a chain with a hole
      (swarm) => collectTokens(swarm.addClient('a', [threeHops(swarm).slice(0, 2)]), PROMPT),
    ],
    [
      'WRONG_MODEL', // and nobody else to ask
      (swarm) =>
        collectTokens(
          swarm.addClient('a', [threeHops(swarm)], asManifestHash('cd'.repeat(32))),
          PROMPT,
        ),
    ],
  ])('[RG7] what is wrong with the request comes back as %s', async (code, ask) => {
    const swarm = new RingSwarm();
    expect(await failureOf(ask(swarm))).toBe(code);
    await swarm.settle();
    expect(swarm.heldSessions()).toBe(0);
  });

  test('[RG8] a hop whose link is lost during an answer, where no other serves its layers, ends it with these, and the others are freed', async () => {
    const swarm = new RingSwarm();
    const [head, mid, tail] = threeHops(swarm);
    if (head === undefined || mid === undefined || tail === undefined)
      throw new Error('three hops');
    const client = swarm.addClient('a', [[head, mid, tail]]);
    const request = {promptTokenIds: PROMPT, maxNewTokens: 200, sampling: GREEDY};
    let seen = 0;
    const reading = (async () => {
      for await (const event of client.generate(request, new AbortController())) {
        if (event.kind === 'token') seen += 1;
        if (seen === 3) swarm.network.cut(mid.peerId, tail.peerId);
      }
    })();
    await expect(reading).rejects.toMatchObject({
      detail: {code: 'LAYERS_LOST', missing: [{why: 'silent'}]},
      cause: {detail: {code: 'PEER_LEFT'}},
    });
    expect(seen).toBeGreaterThanOrEqual(3);
    await swarm.settle();
    expect(swarm.heldSessions()).toBe(0);
  });

  test('[TB8] a hop whose link is lost after an answer is in doubt, for it may have left', async () => {
    const swarm = new RingSwarm();
    const chain = threeHops(swarm);
    await collectTokens(swarm.addClient('a', [chain]), PROMPT);
    swarm.reports.length = 0;
    await chain[2]?.transport.close();
    const conduct = {kind: 'left', code: 'PEER_LEFT', isCertain: false};
    expect(swarm.reports).toEqual([{peerId: chain[2]?.peerId, conduct}]);
  });

  test('[RG9] a session that is silent for too long is freed', async () => {
    const swarm = new RingSwarm();
    const chain = threeHops(swarm);
    const client = swarm.addClient('a', [chain]);
    const request = {promptTokenIds: PROMPT, maxNewTokens: 200, sampling: GREEDY};
    const events = client.generate(request, new AbortController());
    for await (const event of events) if (event.kind === 'ready') break;
    await swarm.settle();
    swarm.nowMs = 2_000;
    for (const {server} of swarm.nodes) server.sweep();
    await swarm.settle();
    expect(swarm.heldSessions()).toBe(0);
  });

  test('[RG17] when the answer is complete, each hop tells the client what its steps took', async () => {
    const swarm = new RingSwarm();
    const chain = threeHops(swarm);
    const {kinds, hops} = await servedOf(swarm.addClient('a', [chain]));
    expect(kinds.slice(-2)).toEqual(['end', 'served']);
    expect(hops.map(({hop}) => hop.peerId)).toEqual(chain.map(({peerId}) => peerId));
    for (const {decodeSteps, serviceMs} of hops) {
      expect(decodeSteps).toBe(11);
      expect(serviceMs).toBeGreaterThan(0);
    }
    expect(swarm.steps.filter(({tokenCount}) => tokenCount === 1)).toHaveLength(33);
  });

  test('[RG18] the engine is lent out only while no session is open, and frames wait for it', async () => {
    const swarm = new RingSwarm();
    const [hop] = [swarm.addNode('alone', {startLayer: 0, endLayer: 6})];
    const answer = collectTokens(swarm.addClient('a', [[hop]]), PROMPT);
    const lent = Promise.withResolvers<void>();
    const holding = hop.server.whileIdle(() => lent.promise);
    await swarm.settle();
    expect(swarm.steps).toEqual([]);
    expect(await hop.server.whileIdle(() => Promise.resolve(1))).toBeNull();
    lent.resolve();
    await holding;
    expect(await answer).toHaveLength(12);
    await swarm.settle();
    expect(await hop.server.whileIdle(() => Promise.resolve(1))).toBe(1);
    // Nothing runs, but an answer that nobody reads on is open.
    const request = {promptTokenIds: PROMPT, maxNewTokens: 12, sampling: GREEDY};
    const unread = swarm.addClient('b', [[hop]]).generate(request, new AbortController());
    let event = await unread.next();
    while (event.value?.kind !== 'ready') event = await unread.next();
    await swarm.settle();
    expect(hop.server.load.openSessions).toBe(1);
    expect(await hop.server.whileIdle(() => Promise.resolve(1))).toBeNull();
    hop.server.serve(null);
    expect(await hop.server.whileIdle(() => Promise.resolve(1))).toBeNull();
  });
});
