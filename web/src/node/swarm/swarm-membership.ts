import type {PeerId, SwarmId} from '#shared/base/ids.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import type {DirectoryView} from '#shared/directory/directory.ts';
import type {NodeFacts, RecordPublisher} from '#shared/directory/record-publisher.ts';
import type {Transport} from '#shared/transport/transport.ts';
import type {SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import type {LinkWorkerLostError} from '../link-worker/worker-link-channels.ts';
import type {DeviceState} from '../../ports/device-state.ts';
import type {LinkReport} from '../../ports/link-service.ts';
import type {OfferedModel} from '#shared/client/model/load-manifest.ts';

/** What only a lending tab knows of itself; the rest of a record is the same for all tabs. */
export type OwnFacts = Pick<
  NodeFacts,
  | 'capacityLayers'
  | 'engineClass'
  | 'maxSessions'
  | 'kvTokensFree'
  | 'kvTokens'
  | 'decodeMsPerLayer'
  | 'prefillMsPerTokenLayer'
>;

/** This tab's place in the swarm of one model: who else is there, and how to reach them. */
export interface SwarmMembership {
  readonly peerId: PeerId;
  readonly swarmId: SwarmId;
  readonly model: OfferedModel;
  readonly transport: Transport;
  /** Unix time, corrected by the server's clock. */
  readonly nowMs: () => number;
  /** The newest snapshot; with `own` in place of what the directory has of this node. */
  snapshotWith(own: NodeRecord | null): SwarmSnapshot;
  /** The live records as this tab last read them. */
  records(): readonly NodeRecord[];
  /** Whether a signal server tells this tab who is there, as of the newest snapshot. */
  directoryState(): DirectoryView['state'];
  /** Calls `listener` on every new snapshot, at most four times a second. */
  onSnapshot(listener: () => void): () => void;
  /** Begins to publish a record of this node, and to measure its links for it. */
  publish(lending: OwnFacts & {readonly isServing: () => boolean}): RecordPublisher;
  /** Calls `listener` with the state of the device, now and on every change, until `unsubscribe`. */
  onDevice(listener: (state: DeviceState) => void): () => void;
  /** How this tab is connected to its neighbours. */
  links(): Promise<readonly LinkReport[]>;
  /** Calls `listener` when the worker of the links fails: they go on without it. */
  onLinkWorkerLost(listener: (error: LinkWorkerLostError) => void): () => void;
  close(): Promise<void>;
}
