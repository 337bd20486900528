import type {AttackTarget} from './attack-target.ts';
import type {AttackerNodes} from './attacker-node.ts';

/** How much of each kind; every number is a bound. */
export type AttackCounts = {
  readonly silentSockets: number;
  readonly identities: number;
  readonly pipelinedLookups: number;
  readonly hangingDhtServers: number;
  readonly idleConnections: number;
  /** Of all who dial together. */
  readonly relayedDialsPerSec: number;
  readonly diallingPeers: number;
  /** Relayed dials go on and silent sockets are replaced for so long; then everything is closed. */
  readonly durationMs: number;
};

/** What became of one kind of attack, as the attackers saw it. */
export type AttackOutcome = {
  readonly kind: string;
  readonly tried: number;
  /** Of those: opened, answered or stored. */
  readonly taken: number;
};

export type AttackContext = {
  /** Makes nodes of strangers; closed when all attacks are over. */
  readonly nodes: AttackerNodes;
  readonly target: AttackTarget;
  readonly counts: AttackCounts;
  /** Aborts when the attack is over. */
  readonly over: AbortSignal;
};

export type Attack = (context: AttackContext) => Promise<AttackOutcome>;
