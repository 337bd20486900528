import {setTimeout as wait} from 'node:timers/promises';
import {generateKeyPair} from '@libp2p/crypto/keys';
import type {Connection} from '@libp2p/interface';
import {Libp2pRecord} from '@libp2p/record';
import {sealFresh} from '../../../../signal-server/src/testing/open-client.ts';
import type {Attack} from './attack-plan.ts';
import {dhtMessage, openDhtStream, type DhtStream} from './dht-bytes.ts';

const LANES = 8;
/** A lane whose streams are refused so often in a row gives up. */
const MAX_REFUSALS = 20;
/** Until a connection that has just ended says so: what it refused nobody has seen. */
const PAUSE_MS = 250;

/**
 * Records of as many owners, well signed, all over one connection, which is opened again when
 * it is ended to make room; each lane waits for its answers.
 */
export const manyIdentities: Attack = async ({nodes, counts, over}) => {
  let tried = 0;
  let taken = 0;
  let opened = nodes.open({}, {signal: over});
  const connect = async (): Promise<Connection> => {
    const mine = opened;
    const node = await mine;
    if (node.connection.status !== 'open' && opened === mine) {
      opened = nodes.leave(node).then(async () => nodes.open({}, {signal: over}));
    }
    return (await opened).connection;
  };
  const put = async (lane: DhtStream): Promise<void> => {
    await lane.messages.write(await putOfNobodyKnown(), {signal: over});
    await lane.messages.read({signal: over});
    taken += 1;
  };
  const runLane = async (): Promise<void> => {
    let lane: DhtStream | null = null;
    let refusals = 0;
    while (tried < counts.identities && refusals < MAX_REFUSALS && !over.aborted) {
      const connection = await connect();
      try {
        lane ??= await openDhtStream(connection, {signal: over});
        await put(lane);
        refusals = 0;
      } catch {
        lane = null; // Refused, which is what this wants to see.
        await wait(PAUSE_MS, undefined, {signal: over}).catch(() => undefined);
        if (connection.status !== 'open') continue; // It came to nobody.
        refusals += 1;
      }
      tried += 1;
    }
  };
  await Promise.all(Array.from({length: LANES}, runLane));
  return {kind: 'identities', tried, taken};
};

async function putOfNobodyKnown(): Promise<Uint8Array> {
  const {key, value} = await sealFresh(await generateKeyPair('Ed25519'));
  const keyBytes = new TextEncoder().encode(key);
  const record = new Libp2pRecord(keyBytes, value, new Date()).serialize();
  return dhtMessage({type: 'put-value', key: keyBytes, record: record.subarray()});
}
