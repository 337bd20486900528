import {expect, test} from 'vitest';
import {pathOf} from './read-link-paths.ts';

/** Parts of reports of Chromium 156 over coturn 4.6 on loopback: the asking side may use its relay only. */
const SELECTED = {
  id: 'T01',
  type: 'transport',
  selectedCandidatePairId: 'CPcU_tAuK',
} as const;
const RELAYING = [
  SELECTED,
  {
    id: 'CPcU_tAuK',
    type: 'candidate-pair',
    localCandidateId: 'IcU',
    remoteCandidateId: 'ItAuK',
    bytesSent: 3231,
    bytesReceived: 0,
    currentRoundTripTime: 0.001,
  },
  {id: 'IcU', type: 'local-candidate', candidateType: 'relay'},
  {id: 'ItAuK', type: 'remote-candidate', candidateType: 'host'},
];
/** The other side: ICE has moved from one pair to another, both by the relay of its peer. */
const RELAYED = [
  {...SELECTED, selectedCandidatePairId: 'CPzO_5gEB'},
  {
    id: 'CPzO_5gEB',
    type: 'candidate-pair',
    localCandidateId: 'IzO',
    remoteCandidateId: 'I5gEB',
    bytesSent: 0,
    bytesReceived: 3231,
    currentRoundTripTime: 0.004,
  },
  {
    id: 'CPzO_Ynme',
    type: 'candidate-pair',
    localCandidateId: 'IzO',
    remoteCandidateId: 'IYnme',
    bytesSent: 2347,
    bytesReceived: 0,
    currentRoundTripTime: 0.001,
  },
  {id: 'I5gEB', type: 'remote-candidate', candidateType: 'relay'},
  {id: 'IYnme', type: 'remote-candidate', candidateType: 'relay'},
  {id: 'IzO', type: 'local-candidate', candidateType: 'host'},
];

type Entries = readonly {readonly id: string}[];
const read = (entries: Entries) => pathOf(new Map(entries.map((entry) => [entry.id, {...entry}])));

test('[CP11] a relay at either end of the pair in use is a path by way of TURN', () => {
  expect(read(RELAYING)).toMatchObject({
    isViaTurn: true,
    localCandidateType: 'relay',
    remoteCandidateType: 'host',
    bytesSent: 3231,
    rttMs: 1,
  });
  expect(read(RELAYED)).toMatchObject({
    isViaTurn: true,
    localCandidateType: 'host',
    remoteCandidateType: 'relay',
    bytesSent: 2347,
    bytesReceived: 3231,
  });
});

test('[CP11] what ICE has left is no path any more, though its bytes are remembered', () => {
  const direct = {
    id: 'CPdirect',
    type: 'candidate-pair',
    localCandidateId: 'IzO',
    remoteCandidateId: 'Ihost',
    bytesSent: 10,
    bytesReceived: 10,
  };
  const host = {id: 'Ihost', type: 'remote-candidate', candidateType: 'host'};
  const [, ...rest] = RELAYED;
  const selected = {...SELECTED, selectedCandidatePairId: direct.id};
  expect(read([selected, ...rest, direct, host])).toMatchObject({
    isViaTurn: false,
    remoteCandidateType: 'relay',
  });
  expect(read([])).toMatchObject({isViaTurn: false, localCandidateType: 'unknown'});
});
