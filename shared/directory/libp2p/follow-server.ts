import type {Connection, Libp2p, PeerId as Libp2pPeerId} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import type {PeerId} from '../../base/ids.ts';
import {pause} from '../../base/pause.ts';
import type {DirectoryReply} from '../../protocol/directory-message.ts';
import {RECORD_TTL_MS} from '../../protocol/node-record.ts';
import {newestDirectConnection} from '../../transport/direct-path.ts';
import {DirectoryError} from '../directory.ts';
import {readList, type Patience} from './read-list.ts';

/** Between two attempts on open connections. */
const RETRY_MS = 500;
/** A list that never ends is read again before the records taken from it expire. */
const AFTER_FLOOD_MS = RECORD_TTL_MS / 3;
/** A new connection is an event; this only catches what events miss. */
const CHECK_MS = 1_000;

/** What following a server needs of the node. */
type FollowedNode = Pick<Libp2p, 'getConnections' | 'addEventListener' | 'removeEventListener'>;

type Options = {
  readonly libp2p: FollowedNode;
  readonly server: PeerId;
  readonly prefix: string;
  readonly patience?: Patience | undefined;
  readonly onReply: (reply: DirectoryReply) => Promise<void>;
  /** The stream ended; what it listed is still known. */
  readonly onLost: () => void;
  /** The server was silent for three beats over an open connection. */
  readonly onSilence: () => void;
  readonly signal: AbortSignal;
};

/** Reads the list of `server` whenever there is a connection to it, until `signal` aborts. */
export async function followServer(options: Options): Promise<void> {
  const {libp2p, server, signal, onLost} = options;
  const peer = peerIdFromString(server);
  while (!signal.aborted) {
    const connection = newestDirectConnection(libp2p, peer);
    if (connection === null) {
      await untilConnected(libp2p, peer, signal);
      continue;
    }
    const isFlooded = (await readOnce(connection, options)) === 'DIRECTORY_FLOODED';
    const isSame = () => newestDirectConnection(libp2p, peer) === connection;
    if (isFlooded) {
      // Whoever floods could have its list read again by ending the connection.
      await pause(AFTER_FLOOD_MS, signal);
      if (!isSame()) onLost();
    } else {
      onLost();
      if (isSame()) await untilConnected(libp2p, peer, signal, RETRY_MS);
    }
  }
}

/** Reads one stream of `connection` to its end. @returns why it ended, when that has a code. */
export async function readOnce(
  connection: Connection,
  {onSilence, ...options}: Omit<Options, 'libp2p' | 'server' | 'onLost'>,
): Promise<string | null> {
  try {
    return await readList({...options, connection});
  } catch (cause) {
    // A lost stream is not a lost list: records stay until they expire, and the list is read again.
    const code = cause instanceof DirectoryError ? cause.detail.code : null;
    if (code === 'DIRECTORY_SILENT' && !options.signal.aborted) onSilence();
    return code;
  }
}

/** Resolves when a connection to `peer` opens, after `limitMs`, or when `signal` aborts. */
async function untilConnected(
  libp2p: FollowedNode,
  peer: Libp2pPeerId,
  signal: AbortSignal,
  limitMs: number = CHECK_MS,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const look = ({detail}: CustomEvent<Connection>) => {
    if (detail.remotePeer.equals(peer)) over.resolve();
  };
  libp2p.addEventListener('connection:open', look);
  await pause(limitMs, signal, over);
  libp2p.removeEventListener('connection:open', look);
}
