import type {ManifestHash} from '#shared/base/ids.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {
  MAX_LAYERS,
  MAX_MODELS,
  type ModelSummary,
  type SwarmSummary,
} from '#shared/protocol/swarm-summary.ts';

/** Counts of live records, by model; the model with the most tabs first. Decides nothing. O(records × layers). */
export function summariseSwarm(records: readonly NodeRecord[]): SwarmSummary {
  const models = [...Map.groupBy(records, ({manifestHash}) => manifestHash)].map(
    ([manifestHash, nodes]) => summariseModel(manifestHash, nodes),
  );
  const byTabs = models.toSorted(
    (one, other) => other.tabs - one.tabs || (one.manifestHash < other.manifestHash ? -1 : 1),
  );
  return {models: byTabs.slice(0, MAX_MODELS)};
}

function summariseModel(manifestHash: ManifestHash, nodes: readonly NodeRecord[]): ModelSummary {
  const serving = nodes.filter(({shards}) => shards.length > 0);
  const shards = serving.flatMap((node) => node.shards);
  const layers = holdersPerLayer(shards);
  const ends = ['embedding', 'lmHead'] as const;
  const endCounts = ends.map((end) => shards.filter((shard) => shard[end]).length);
  return {
    manifestHash,
    tabs: serving.length,
    joining: nodes.length - serving.length,
    layers,
    chains: Math.min(...layers, ...endCounts),
    answersLastHour: sum(serving.map(({served}) => served?.answersLastHour ?? 0)),
    tokensPerSec: sum(serving.map(({served}) => served?.tokensPerSec ?? 0)),
  };
}

function holdersPerLayer(shards: readonly NodeRecord['shards'][number][]): readonly number[] {
  const layerCount = Math.min(MAX_LAYERS, Math.max(0, ...shards.map(({endLayer}) => endLayer)));
  const holders = Array<number>(layerCount).fill(0);
  for (const {startLayer, endLayer} of shards) {
    for (let layer = startLayer; layer < Math.min(endLayer, layerCount); layer += 1) {
      holders[layer] = (holders[layer] ?? 0) + 1;
    }
  }
  return holders;
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
