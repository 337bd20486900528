import {expect, test} from 'vitest';
import {asSessionId} from '#shared/base/ids.ts';
import type {ShardStep} from './shard-runner.ts';
import {batchesOf} from './batches-of.ts';

function step(session: string, {tokenCount = 1, endLayer = 4} = {}): ShardStep {
  return {
    sessionId: asSessionId(session),
    position: 0,
    tokenCount,
    input: {kind: 'tokens', tokenIds: new Uint32Array(tokenCount)},
    range: {startLayer: 0, endLayer},
    output: 'hidden',
  };
}

const sessionsOf = (steps: readonly ShardStep[], most = 8) =>
  batchesOf(steps, most).map((batch) => batch.map(({sessionId}) => sessionId).join(''));

test('[RU7] steps of one token of several sessions run as one; prompts, other layers and a session twice do not', () => {
  expect(sessionsOf([])).toEqual([]);
  expect(sessionsOf([step('a'), step('b'), step('c')])).toEqual(['abc']);
  expect(sessionsOf([step('a'), step('b'), step('c')], 2)).toEqual(['ab', 'c']);
  expect(sessionsOf([step('a'), step('b'), step('a'), step('b')])).toEqual(['ab', 'ab']);
  expect(sessionsOf([step('a'), step('b', {tokenCount: 2}), step('c')])).toEqual(['a', 'b', 'c']);
  expect(sessionsOf([step('a'), step('b', {endLayer: 2}), step('c')])).toEqual(['a', 'b', 'c']);
});
