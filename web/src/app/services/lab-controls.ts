import type {VocabularyProgress} from '#shared/client/model/vocabulary.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import type {EngineFault, LendLoad} from '../../node/lending/lab-lend.ts';

/** What the page never asks of its node: for programs that drive a tab and look into it. */
export type LabControls = {
  /** Joins the swarm and reads what the first question needs. */
  prepare(onProgress?: (progress: VocabularyProgress) => void): Promise<void>;
  traffic(): Promise<TabTraffic>;
  /** What this tab is serving and what it has refused; `null` while it lends nothing. */
  lendLoad(): Promise<LendLoad | null>;
  /** Nodes with a live record, as this tab sees the swarm now. */
  knownPeers(): Promise<readonly string[]>;
  /** What the nodes of the swarm say of themselves, as this tab last read it. */
  knownRecords(): Promise<readonly NodeRecord[]>;
  /** Crashes a stub, since other engines have a worker to be killed; or makes any engine slow. */
  disturbEngine(fault: EngineFault): Promise<void>;
};

/** What one hop sent to the next for one session: activations, with frame headers. */
type SessionBytes = {
  readonly sessionId: string;
  readonly prefillTokens: number;
  readonly prefillBytes: number;
  readonly decodeTokens: number;
  readonly decodeBytes: number;
};

/** What this tab itself counted. */
export type TabTraffic = {
  readonly peerId: string;
  /** Frames, with their headers, per peer. */
  readonly peers: readonly {
    readonly peerId: string;
    readonly sentBytes: number;
    readonly receivedBytes: number;
    /** Links that this peer broke by what cannot be on a link. */
    readonly violations: number;
  }[];
  /** The answers that this tab served a part of last. */
  readonly sessions: readonly SessionBytes[];
};
