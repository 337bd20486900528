import {generateKeyPair} from '@libp2p/crypto/keys';
import {Libp2pRecord} from '@libp2p/record';
import {sealFresh} from '../../../../signal-server/src/testing/open-client.ts';
import type {Attack} from './attack-plan.ts';
import {dhtMessage, openDhtStream, type DhtStream} from './dht-bytes.ts';

const LANES = 8;
/** A lane whose streams are refused so often in a row gives up. */
const MAX_REFUSALS = 20;

/** Records of as many owners, well signed, all over one connection; each lane waits for its answers. */
export const manyIdentities: Attack = async ({nodes, counts, over}) => {
  let tried = 0;
  let taken = 0;
  const put = async (held: DhtStream | null): Promise<DhtStream> => {
    const {connection} = node;
    const lane = held ?? (await openDhtStream(connection, {signal: over}));
    tried += 1;
    await lane.messages.write(await putOfNobodyKnown(), {signal: over});
    await lane.messages.read({signal: over});
    taken += 1;
    return lane;
  };
  const runLane = async (): Promise<void> => {
    let lane: DhtStream | null = null;
    let refusals = 0;
    while (tried < counts.identities && refusals < MAX_REFUSALS && !over.aborted) {
      try {
        lane = await put(lane);
        refusals = 0;
      } catch {
        lane = null; // Refused, which is what this wants to see.
        refusals += 1;
      }
    }
  };
  const node = await nodes.open({}, {signal: over});
  await Promise.all(Array.from({length: LANES}, runLane));
  return {kind: 'identities', tried, taken};
};

async function putOfNobodyKnown(): Promise<Uint8Array> {
  const {key, value} = await sealFresh(await generateKeyPair('Ed25519'));
  const keyBytes = new TextEncoder().encode(key);
  const record = new Libp2pRecord(keyBytes, value, new Date()).serialize();
  return dhtMessage({type: 'put-value', key: keyBytes, record: record.subarray()});
}
