import {expect, test} from 'vitest';
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
