/** How this tab is connected to its neighbours, as the browser's own statistics see it. */
export type LinkReport = {
  readonly peerId: string;
  /** Candidate types of the selected pair; `relay` would mean that the data goes through a server. */
  readonly localCandidateType: string;
  readonly remoteCandidateType: string;
  /** Payload bytes over this pair. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Of the browser's last check of this pair; `null` before the first. */
  readonly rttMs: number | null;
};

export interface LinkService {
  report(): Promise<readonly LinkReport[]>;
}
