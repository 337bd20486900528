import {expect, test} from 'vitest';
import {asManifestHash, asPeerId} from '#shared/base/ids.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {swarmSummarySchema} from '#shared/protocol/swarm-summary.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import {summariseSwarm} from './summarise-swarm.ts';

const MODEL = buildRecord().manifestHash;
const OTHER = asManifestHash('cd'.repeat(32));

function tab(startLayer: number, endLayer: number, changes: Partial<NodeRecord> = {}): NodeRecord {
  const shard = {startLayer, endLayer, embedding: startLayer === 0, lmHead: endLayer === 4};
  return buildRecord({shards: endLayer === 0 ? [] : [shard], ...changes});
}

test('[SY1] a summary counts, per model, tabs that serve and that join, holders of each layer, chains and what tabs say they served', () => {
  const records = [
    tab(0, 2, {served: {answersLastHour: 0, tokensPerSec: 0}}),
    tab(0, 3),
    tab(2, 4, {served: {answersLastHour: 7, tokensPerSec: 1.5}}),
    tab(2, 4, {served: {answersLastHour: 2, tokensPerSec: 0.5}}),
    tab(0, 0),
    tab(0, 4, {manifestHash: OTHER}),
  ];
  expect(summariseSwarm(records)).toEqual({
    models: [
      {
        manifestHash: MODEL,
        tabs: 4,
        joining: 1,
        layers: [2, 2, 3, 2],
        chains: 2,
        answersLastHour: 9,
        tokensPerSec: 2,
      },
      {
        manifestHash: OTHER,
        tabs: 1,
        joining: 0,
        layers: [1, 1, 1, 1],
        chains: 1,
        answersLastHour: 0,
        tokensPerSec: 0,
      },
    ],
  });
});

test.each([
  ['nobody', [], undefined],
  ['only tabs that join', [tab(0, 0)], 0],
  ['a layer that nobody serves', [tab(0, 1), tab(2, 4)], 0],
  ['no tail', [tab(0, 3)], 0],
  ['no head', [tab(1, 4)], 0],
])('[SY1] with %s there is no chain', (_, records, chains) => {
  expect(summariseSwarm(records).models[0]?.chains).toBe(chains);
});

test('[SY2] whatever strangers publish, a summary is one that its readers take', () => {
  const strangers = Array.from({length: 100}, (_, at) =>
    tab(0, 1_000_000_000, {
      manifestHash: asManifestHash(at.toString(16).padStart(64, '0')),
      peerId: asPeerId(`stranger-${at}`),
      served: {answersLastHour: 1_000_000, tokensPerSec: 1_000_000},
    }),
  );
  const summary = summariseSwarm([...strangers, tab(0, 4), tab(0, 4)]);
  expect(swarmSummarySchema.parse(summary)).toEqual(summary);
  expect(summary.models[0]?.manifestHash).toBe(MODEL);
});
