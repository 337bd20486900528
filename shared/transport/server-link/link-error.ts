import {WeftError} from '../../base/errors.ts';
import type {PeerId} from '../../base/ids.ts';

type Detail =
  /** HTTP works, but no WebSocket with libp2p's handshake behind it: a proxy or a filter may refuse it. */
  | {readonly code: 'SERVER_SOCKET_FAILED'; readonly serverId: PeerId}
  /** The connection was open, and nothing came back over it. */
  | {readonly code: 'SERVER_SILENT'; readonly serverId: PeerId}
  /** The connection was closed by the server or the network. */
  | {readonly code: 'SERVER_LINK_LOST'; readonly serverId: PeerId};

/** Why there is no link to a signal server. */
export class ServerLinkError extends WeftError<Detail> {
  override readonly name = 'ServerLinkError';
}
