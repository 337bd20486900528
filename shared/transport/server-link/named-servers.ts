import type {PeerId} from '../../base/ids.ts';
import type {NamedServer} from '../../protocol/bootstrap.ts';

/** The servers that the bootstrap names, and what this node notices of its connections to them. */
export interface NamedServers {
  /** As of now: a server that restarts under another key has another id. */
  namedServers(): readonly NamedServer[];
  /** Calls `listener` when servers are named or not any longer, or a connection to one begins or ends. */
  onServersChanged(listener: () => void): () => void;
  /** Something came from this server. */
  heard(serverId: PeerId): void;
  /** Something that should have come from this server did not. */
  suspect(serverId: PeerId): void;
}
