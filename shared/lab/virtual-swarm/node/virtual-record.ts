import {asPeerId} from '#shared/base/ids.ts';
import {RECORD_TTL_MS, type NodeRecord} from '#shared/protocol/node-record.ts';
import type {PublishedLayers} from '#shared/session/hold-layers/volunteer-state.ts';
import {buildRecord} from '../../../testing/record-builder.ts';
import type {VirtualNodeFacts} from '../swarm-script.ts';
import type {VirtualHop} from './virtual-hop.ts';

/** What a node publishes of itself at `seq`: facts, layers and load, but for what it lies about. */
export function virtualRecord(
  facts: VirtualNodeFacts,
  {
    seq,
    layers: {shards, claim, takesSessions},
    load,
  }: {
    readonly seq: number;
    readonly layers: PublishedLayers;
    readonly load: VirtualHop['load'];
  },
): NodeRecord {
  const {cost, lie} = facts;
  const {fixedMs, perSessionMs} = cost.decodeMsPerLayer;
  const factor = lie === 'fast' ? 0.1 : lie === 'impossible' ? NaN : 1;
  return buildRecord({
    peerId: asPeerId(facts.id),
    seq,
    expiresAtMs: seq + RECORD_TTL_MS,
    engineClass: 'virtual',
    capacityLayers: facts.capacityLayers,
    shards,
    claim,
    decodeMsPerLayer: {fixedMs: fixedMs * factor, perSessionMs: perSessionMs * factor},
    prefillMsPerTokenLayer: cost.prefillMsPerTokenLayer,
    hopOverheadMs: cost.hopOverheadMs,
    coords: facts.coords,
    maxSessions: takesSessions ? facts.maxSessions : 0,
    openSessions: lie === 'idle' ? 0 : load.openSessions,
    kvTokensFree: lie === 'idle' ? facts.kvTokens : load.kvTokensFree,
    kvTokens: facts.kvTokens,
  });
}
