/** What strangers attack, and from where. All of it is on this machine's loopback. */
export type AttackTarget = {
  readonly port: number;
  readonly serverId: string;
  /** A tab with a place at the server's relay. */
  readonly victimId: string;
  /** Addresses of loopback that the attackers come from. */
  readonly fromAddresses: readonly string[];
};
