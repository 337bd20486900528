/** How this tab is connected to its neighbours, as the browser's own statistics see it. */
export type LinkReport = {
  readonly peerId: string;
  /** Candidate types of the selected pair; `relay` would mean that the data goes through a server. */
  readonly localCandidateType: string;
  readonly remoteCandidateType: string;
  /** Payload bytes over this pair. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
};

/** What one hop sent to the next for one session: activations, with frame headers. */
export type SessionBytes = {
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

export interface LinkService {
  report(): Promise<readonly LinkReport[]>;
  traffic(): Promise<TabTraffic>;
}
