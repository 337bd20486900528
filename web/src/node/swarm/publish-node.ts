import type {Connection, PrivateKey} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import {asPeerId, type PeerId} from '#shared/base/ids.ts';
import {isDirectConnection} from '#shared/transport/direct-path.ts';
import {SilentPeerError} from '#shared/transport/frames/silent-peer-error.ts';
import type {Directory} from '#shared/directory/directory.ts';
import {
  startRecordPublisher,
  type NodeFacts,
  type RecordPublisher,
} from '#shared/directory/record-publisher.ts';
import type {Transport} from '#shared/transport/transport.ts';
import type {SnapshotNode} from '#shared/scheduling/swarm-snapshot.ts';
import type {LinkBook} from '../measure/link-book.ts';
import {startLinkProbes} from '../measure/probe-links.ts';
import {readLinkPaths} from './libp2p-node/read-link-paths.ts';
import type {BrowserNode} from './libp2p-node/create-libp2p-node.ts';

export type PublishedNode = {
  readonly node: BrowserNode;
  readonly directory: Directory;
  readonly privateKey: PrivateKey;
  readonly transport: Transport;
  /** What is known of the links of this tab. */
  readonly book: LinkBook;
  readonly nodes: () => readonly SnapshotNode[];
  readonly isServing: () => boolean;
  readonly nowMs: () => number;
  /** What the first record says. */
  readonly facts: NodeFacts;
};

/** Publishes the record of this node, and measures its links for it until it is stopped. */
export function publishNode(options: PublishedNode): RecordPublisher {
  const {node, directory, privateKey, transport, book, nodes, isServing, nowMs} = options;
  const publisher = startRecordPublisher({
    directory,
    privateKey,
    facts: options.facts,
    now: nowMs,
    link: node.server,
  });
  const stopAddresses = node.onAddressesChanged(() => {
    publisher.update({addresses: node.addresses()});
  });
  const stopProbes = startLinkProbes({
    transport,
    book,
    nodes,
    connectedPeers: () => connectedPeers(node),
    onConnected: (listener) => onConnected(node, listener),
    disconnect: (peerId) => {
      for (const connection of directConnections(node, peerId)) {
        connection.abort(new SilentPeerError('Nothing came back over it after a sleep'));
      }
    },
    isViaTurn: async (peerId) =>
      (await readLinkPaths(node.libp2p, peerId)).some((path) => path.isViaTurn),
    isServing,
    isServerThere: () => node.server.state().kind === 'connected',
    onServersChanged: (listener) => node.server.onServersChanged(listener),
    onReturn: (listener) => node.server.onReturn(listener),
    onAllSilent: () => {
      node.server.tryAtOnce();
    },
    nowMs,
    onFacts: ({unreachable, ...measured}) => {
      publisher.attach(measured);
      publisher.update({unreachable}); // No chain should be tried that cannot be linked.
    },
  });
  return {
    update: (facts) => {
      publisher.update(facts);
    },
    attach: (facts) => {
      publisher.attach(facts);
    },
    settled: () => publisher.settled(),
    current: () => publisher.current(),
    stop: async () => {
      stopAddresses();
      stopProbes();
      await publisher.stop();
    },
  };
}

/** Peers to which a direct connection is open, whoever opened it. */
function connectedPeers(node: BrowserNode): ReadonlySet<PeerId> {
  return new Set(directConnections(node).map(({remotePeer}) => asPeerId(remotePeer.toString())));
}

/** To one peer, or to all. */
function directConnections({libp2p}: BrowserNode, peerId?: PeerId): readonly Connection[] {
  return libp2p
    .getConnections(peerId === undefined ? undefined : peerIdFromString(peerId))
    .filter((connection) => connection.status === 'open' && isDirectConnection(connection));
}

function onConnected({libp2p}: BrowserNode, listener: (peerId: PeerId) => void): () => void {
  const onOpen = ({detail: connection}: CustomEvent<Connection>): void => {
    if (isDirectConnection(connection)) listener(asPeerId(connection.remotePeer.toString()));
  };
  libp2p.addEventListener('connection:open', onOpen);
  return () => {
    libp2p.removeEventListener('connection:open', onOpen);
  };
}
