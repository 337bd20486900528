/** What the libp2p node of a server has counted since it began, and what it holds now. */
export type NodeCounters = {
  readonly relayedBytes: number;
  readonly relayedConnections: number;
  /** Those that are open now. */
  readonly openRelayedConnections: number;
  readonly reservations: number;
  readonly dhtRecords: number;
  /** Records and DHT messages that were refused. */
  readonly refusedRecords: number;
  readonly connections: number;
  /** Open streams of the directory. */
  readonly directoryReaders: number;
  /** What was refused or ended, by reason. */
  readonly refusals: Readonly<Record<string, number>>;
};

/** What a whole server has counted. */
export type ServerCounters = NodeCounters & {
  /** Answers that the gateway asks for now. */
  readonly gatewayAnswers: number;
  /** Those that wait for their turn. */
  readonly gatewayWaiting: number;
};
