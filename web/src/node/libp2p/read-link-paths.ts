import type {Connection, Libp2p} from '@libp2p/interface';
import {isDirectConnection} from '#shared/p2p/direct-path.ts';
import {findPeerConnection} from './find-peer-connection.ts';

/** How bytes travel to one neighbour, by the browser's own statistics. */
export type LinkPath = {
  readonly peerId: string;
  /** Of the candidate pair in use; `relay` means that a TURN server carries the bytes, `unknown` that nothing could be read. */
  readonly localCandidateType: string;
  readonly remoteCandidateType: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Of the last STUN check; `null` before the first. */
  readonly rttMs: number | null;
};

/** One entry per open WebRTC connection. */
export async function readLinkPaths(libp2p: Libp2p): Promise<readonly LinkPath[]> {
  const connections = libp2p
    .getConnections()
    .filter((connection) => connection.multiplexer === '/webrtc' && isDirectConnection(connection));
  return await Promise.all(connections.map(readPath));
}

async function readPath(connection: Connection): Promise<LinkPath> {
  const unknown: LinkPath = {
    peerId: connection.remotePeer.toString(),
    localCandidateType: 'unknown',
    remoteCandidateType: 'unknown',
    bytesSent: 0,
    bytesReceived: 0,
    rttMs: null,
  };
  const report = await findPeerConnection(connection)?.getStats();
  if (report === undefined) return unknown;
  // Typed loosely by the DOM library: entries are what the standard says for their `type`.
  const entries = new Map<string, RTCStats & Record<string, unknown>>();
  report.forEach((entry: RTCStats & Record<string, unknown>) => entries.set(entry.id, entry));
  const transport = [...entries.values()].find(({type}) => type === 'transport');
  const pair = entries.get(textOf(transport?.['selectedCandidatePairId']));
  if (pair === undefined) return unknown;
  const rttSeconds = pair['currentRoundTripTime'];
  return {
    peerId: unknown.peerId,
    localCandidateType: candidateType(entries.get(textOf(pair['localCandidateId']))),
    remoteCandidateType: candidateType(entries.get(textOf(pair['remoteCandidateId']))),
    bytesSent: numberOf(pair['bytesSent']),
    bytesReceived: numberOf(pair['bytesReceived']),
    rttMs: typeof rttSeconds === 'number' ? rttSeconds * 1000 : null,
  };
}

function candidateType(candidate: Record<string, unknown> | undefined): string {
  return textOf(candidate?.['candidateType']) || 'unknown';
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
