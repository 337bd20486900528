/** What strangers attack, and from where. All of it is on this machine's loopback. */
export type AttackTarget = {
  readonly port: number;
  readonly serverId: string;
  /** A tab with a place at the server's relay. */
  readonly victimId: string;
  /** Addresses of loopback that the nodes of attackers come from. */
  readonly fromAddresses: readonly string[];
  /** And their sockets that say nothing; from the same addresses they take the places of these nodes, too. */
  readonly silentFrom: readonly string[];
};
