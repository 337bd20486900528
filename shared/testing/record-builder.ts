import {asManifestHash, asPeerId, asSwarmId} from '../base/ids.ts';
import {RECORD_TTL_MS, type NodeRecord} from '../protocol/node-record.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '../protocol/version.ts';

/** A valid record of a node that serves layers 0–5; `changes` name what matters to the test. */
export function buildRecord(changes: Partial<NodeRecord> = {}): NodeRecord {
  const seq = changes.seq ?? 1_800_000_000_000;
  return {
    peerId: asPeerId('12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'),
    seq,
    expiresAtMs: seq + RECORD_TTL_MS,
    protocolMajor: PROTOCOL_MAJOR,
    protocolMinor: PROTOCOL_MINOR,
    swarmId: asSwarmId('public'),
    manifestHash: asManifestHash('ab'.repeat(32)),
    addresses: [],
    engineClass: 'wasm-f32',
    capacityLayers: {plain: 6, first: 5, last: 5, both: 4},
    shards: [{startLayer: 0, endLayer: 5, embedding: true, lmHead: false}],
    claim: null,
    decodeMsPerLayer: {fixedMs: 1.5, perSessionMs: 0.5},
    prefillMsPerTokenLayer: 0.1,
    hopOverheadMs: 2,
    steady: null,
    uplinkBytesPerSec: null,
    rtts: [],
    coords: null,
    maxSessions: 4,
    openSessions: 0,
    kvTokensFree: 4096,
    kvTokens: 4096,
    served: null,
    unreachable: [],
    ...changes,
  };
}
