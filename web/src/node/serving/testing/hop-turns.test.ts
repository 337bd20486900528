import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {parseFrame} from '#shared/protocol/frame/frame.ts';
import {EngineError} from '../../engine/engine-error.ts';
import type {ShardRunner} from '../../engine/shard-runner.ts';
import {createStubShardRunner} from '../../engine/stub/stub-shard-runner.ts';
import {collectTokens, RingSwarm} from './ring-swarm.ts';

const HEAD = {startLayer: 0, endLayer: 3};
/** Four tokens to a piece. */
const HIDDEN_SIZE = 4_096;
const PIECES = 5;
const PROMPT = Array.from({length: 4 * PIECES}, (_, at) => at + 1);

test('[RG23] while one piece of a prompt leaves a hop the next one is computed, and no more', async () => {
  const swarm = new RingSwarm({hiddenSize: HIDDEN_SIZE});
  const head = swarm.addNode('head', HEAD);
  const tail = swarm.addNode('tail', {startLayer: 3, endLayer: 6});
  let runs = 0;
  const runner = createStubShardRunner({
    spec: swarm.spec,
    range: HEAD,
    fixedMsPerLayer: 0,
    msPerTokenLayer: 0,
    kvTokens: 1_000,
    waitMs: () => {
      runs += 1;
      return new Promise((resolve) => void setImmediate(resolve));
    },
  });
  head.server.serve({runner, range: {...HEAD, embedding: true, lmHead: true}});
  const room = Promise.withResolvers<void>();
  const {transport} = head;
  const send = transport.send.bind(transport);
  transport.send = async (to, frame, options) => {
    if (frame.byteLength > HIDDEN_SIZE) await room.promise;
    await send(to, frame, options);
  };
  const answer = collectTokens(swarm.addClient('a', [[head, tail]]), PROMPT, {maxNewTokens: 1});
  await swarm.settle();
  expect(runs).toBe(2);
  room.resolve();
  expect(await answer).toHaveLength(1);
  expect(runs).toBe(PIECES);
});

const WHOLE = {startLayer: 0, endLayer: 6};

test('[RG29] of steps that run as one, the one that is refused ends its own answer, and no other', async () => {
  const swarm = new RingSwarm();
  const hop = swarm.addNode('alone', WHOLE);
  const prompts = [[1], [2], [3]];
  const alone = [];
  for (const prompt of prompts) {
    alone.push(await collectTokens(swarm.addClient(`alone${prompt[0]}`, [[hop]]), prompt));
  }
  const stub = createStubShardRunner({
    spec: swarm.spec,
    range: WHOLE,
    fixedMsPerLayer: 0,
    msPerTokenLayer: 0,
    kvTokens: 1_000,
    waitMs: () => new Promise((resolve) => void setImmediate(resolve)),
  });
  let refused = 0;
  const runner: ShardRunner = {
    ...stub,
    run: async (steps) => {
      const results = await stub.run(steps);
      if (refused > 0 || steps.length < prompts.length) return results;
      refused += 1;
      const error = new EngineError({code: 'BAD_STEP'}, 'Cannot run this step');
      return results.map((result, at) => (at === 1 ? {kind: 'refused', error} : result));
    },
  };
  hop.server.serve({runner, range: {...WHOLE, embedding: true, lmHead: true}});
  const answers = await Promise.allSettled(
    prompts.map((prompt) => collectTokens(swarm.addClient(`a${prompt[0]}`, [[hop]]), prompt)),
  );
  expect(refused).toBe(1);
  const whole = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : null));
  expect(whole.filter((tokens) => tokens === null)).toHaveLength(1);
  expect(whole).toEqual(alone.map((tokens, at) => (whole[at] === null ? null : tokens)));
});

test('[RG30] a client to whom nothing can be sent holds up no answer of others', async () => {
  const swarm = new RingSwarm();
  const hop = swarm.addNode('alone', WHOLE);
  const {transport} = hop;
  const room = Promise.withResolvers<void>();
  const send = transport.send.bind(transport);
  const slow = asPeerId('slow');
  let held = 0;
  transport.send = async (to, frame, options) => {
    if (to === slow && parseFrame(frame).kind !== 'control') {
      held += 1;
      await room.promise;
    }
    await send(to, frame, options);
  };
  const waiting = collectTokens(swarm.addClient('slow', [[hop]]), [1]);
  const other = collectTokens(swarm.addClient('quick', [[hop]]), [2]);
  expect(await other).toHaveLength(12);
  expect(held).toBe(1);
  room.resolve();
  expect(await waiting).toHaveLength(12);
});
