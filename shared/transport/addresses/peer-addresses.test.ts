import {expect, test} from 'vitest';
import {asPeerId, type PeerId} from '../../base/ids.ts';
import {PeerAddresses} from './peer-addresses.ts';

const SERVERS = [1, 2].map((number) => ({
  peerId: asPeerId(`1server${number}`),
  addresses: [`/dns4/server${number}.example/tcp/443/tls/ws`],
}));
const TAB = asPeerId('1tab');
const [THROUGH_1, THROUGH_2] = [1, 2].map(
  (number) =>
    `/dns4/server${number}.example/tcp/443/tls/ws/p2p/1server${number}/p2p-circuit/webrtc/p2p/1tab`,
);

function addressesAt(records: Readonly<Record<PeerId, readonly string[]>>) {
  let nowMs = 0;
  const addresses = new PeerAddresses({
    listedOf: (peer) => records[peer] ?? null,
    namedServers: () => SERVERS,
    stopwatchMs: () => nowMs,
  });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return {of: (peer: PeerId) => addresses.of(peer), pass};
}

test('[TR37] a peer is dialled through the relay of its record, and where none names one through all named servers', () => {
  expect(addressesAt({[TAB]: [THROUGH_2 ?? '']}).of(TAB)).toEqual([THROUGH_2]);
  for (const records of [{}, {[TAB]: []}]) {
    expect(addressesAt(records).of(TAB)).toEqual([THROUGH_1, THROUGH_2]);
  }
  // What cannot be dialled is the transport's to refuse.
  expect(addressesAt({[TAB]: ['/webrtc']}).of(TAB)).toEqual(['/webrtc']);
});

test('[TR37] peers without a record are few: what strangers make up takes none of the dials of those with one', () => {
  const {of, pass} = addressesAt({[TAB]: [THROUGH_1 ?? '']});
  const madeUp = Array.from({length: 20}, (_, at) => asPeerId(`1peer${at}`));
  const dialled = () => madeUp.filter((peer) => of(peer).length > 0).length;
  expect(dialled()).toBe(8);
  expect(of(TAB)).toEqual([THROUGH_1]);
  pass(10_000);
  expect(dialled()).toBe(5);
});
