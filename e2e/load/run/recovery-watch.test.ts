import {expect, test} from 'vitest';
import type {AnswerEvent, ChainHop} from '#shared/client/chat/chat-service.ts';
import {RecoveryWatch} from './recovery-watch.ts';

const hop = (node: string, startLayer: number): ChainHop => ({
  node,
  startLayer,
  endLayer: startLayer + 10,
  engine: 'wasm',
});
const chain = (...nodes: readonly string[]): AnswerEvent => ({
  kind: 'chain',
  hops: nodes.map((node, at) => hop(node, 10 * at)),
  predictedStepMs: 1,
});
const ready = (...inputFrom: readonly number[]): AnswerEvent => ({
  kind: 'ready',
  sessionId: 's',
  inputFrom,
});
const lost = (code: string): AnswerEvent => ({kind: 'lost', code, node: 'b'});
const TOKEN: AnswerEvent = {
  kind: 'token',
  tokenId: 1,
  text: '',
  logprob: 0,
  topLogprobs: [],
  atMs: 0,
};

const BEGUN: readonly (readonly [AnswerEvent, number])[] = [
  [{kind: 'prompt', tokenIds: [1, 2, 3, 4]}, 0],
  [chain('a', 'b'), 1],
  [ready(0, 0), 2],
  [TOKEN, 10],
  [TOKEN, 20],
];

function seen(...events: readonly (readonly [AnswerEvent, number])[]) {
  const watch = new RecoveryWatch();
  for (const [event, atMs] of [...BEGUN, ...events]) watch.see(event, atMs);
  return watch.recoveries;
}

test('[LR12] a pause is timed from token to token, in three parts, with what was computed again', () => {
  const taken = seen(
    [lost('PEER_LEFT'), 50],
    [chain('a', 'c'), 51],
    [ready(5, 0), 70],
    [TOKEN, 100],
  );
  expect(taken).toEqual([
    {
      atToken: 2,
      cause: 'closed',
      pauseMs: 80,
      detectMs: 30,
      reopenMs: 20,
      replayMs: 30,
      replayedTokens: 5,
      replayedLayers: 10,
    },
  ]);
});

test('[LR12] a replacement that is lost too is one pause, and an answer that ends in one has none', () => {
  const twice = seen(
    [lost('ENGINE_LOST'), 30],
    [ready(5, 0), 40],
    [lost('PEER_LEFT'), 50],
    [ready(0, 0), 60],
    [TOKEN, 90],
    [TOKEN, 95],
  );
  expect(twice).toMatchObject([{cause: 'crashed', pauseMs: 70, replayedTokens: 5}]);
  expect(seen([lost('PEER_LEFT'), 30])).toEqual([]);
  expect(seen([TOKEN, 30])).toEqual([]);
});
