import type {Connection, Libp2p} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import type {PeerId} from '#shared/base/ids.ts';
import {isDirectConnection} from '#shared/transport/direct-path.ts';
import {connectionsBeside} from './connections-beside.ts';
import {findPeerConnection} from './find-peer-connection.ts';

/** How bytes travel to one neighbour, by the browser's own statistics. */
export type LinkPath = {
  readonly peerId: string;
  /**
   * Of the candidate pair in use. `relay` when a TURN server transfers bytes, or
   * has transferred any; `unknown` when nothing could be read.
   */
  readonly localCandidateType: string;
  readonly remoteCandidateType: string;
  /** A TURN server, of either side, passes on what goes over the pair in use. */
  readonly isViaTurn: boolean;
  /** Over all pairs of this connection, and of those beside it. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Of the last STUN check; `null` before the first. */
  readonly rttMs: number | null;
};

/** One entry per open WebRTC connection; with `peerId` of those to this peer only. */
export async function readLinkPaths(libp2p: Libp2p, peerId?: PeerId): Promise<readonly LinkPath[]> {
  const connections = libp2p
    .getConnections(peerId === undefined ? undefined : peerIdFromString(peerId))
    .filter((connection) => connection.multiplexer === '/webrtc' && isDirectConnection(connection));
  return await Promise.all(connections.map(readPath));
}

type Entry = Readonly<Record<string, unknown>>;
type Entries = ReadonlyMap<string, Entry>;

async function readPath(connection: Connection): Promise<LinkPath> {
  const main = findPeerConnection(connection);
  const entries = await readEntries(main);
  const beside = await Promise.all((main === null ? [] : connectionsBeside(main)).map(readEntries));
  return {peerId: connection.remotePeer.toString(), ...pathOf(entries, beside)};
}

/** What the report of one connection says, with the bytes of those beside it; entries by their ids. */
export function pathOf(
  entries: Entries,
  beside: readonly Entries[] = [],
): Omit<LinkPath, 'peerId'> {
  const transport = [...entries.values()].find((entry) => entry['type'] === 'transport');
  const selected = entries.get(textOf(transport?.['selectedCandidatePairId'])) ?? {};
  // ICE may change its mind: the pairs that transferred bytes before count too.
  const pairs = pairsOf(entries);
  const typesOf = (pair: Entry) => [
    candidateType(entries.get(textOf(pair['localCandidateId']))),
    candidateType(entries.get(textOf(pair['remoteCandidateId']))),
  ];
  const relayed = pairs.find(
    (pair) => transferredBytes(pair) > 0 && typesOf(pair).includes('relay'),
  );
  const [localCandidateType = UNKNOWN, remoteCandidateType = UNKNOWN] = typesOf(
    relayed ?? selected,
  );
  const allPairs = [...pairs, ...beside.flatMap(pairsOf)];
  const rttSeconds = selected['currentRoundTripTime'];
  return {
    localCandidateType,
    remoteCandidateType,
    isViaTurn: typesOf(selected).includes('relay'),
    bytesSent: allPairs.reduce((sum, pair) => sum + numberOf(pair['bytesSent']), 0),
    bytesReceived: allPairs.reduce((sum, pair) => sum + numberOf(pair['bytesReceived']), 0),
    rttMs: typeof rttSeconds === 'number' ? rttSeconds * 1000 : null,
  };
}

async function readEntries(connection: RTCPeerConnection | null): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  const report = await connection?.getStats();
  // The DOM library does not type the entries: fields are checked where they are read.
  report?.forEach((entry: Entry, id) => entries.set(id, entry));
  return entries;
}

const pairsOf = (entries: Entries): readonly Entry[] =>
  [...entries.values()].filter((entry) => entry['type'] === 'candidate-pair');

const UNKNOWN = 'unknown';

function transferredBytes(pair: Entry): number {
  return numberOf(pair['bytesSent']) + numberOf(pair['bytesReceived']);
}

function candidateType(candidate: Entry | undefined): string {
  return textOf(candidate?.['candidateType']) || UNKNOWN;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
