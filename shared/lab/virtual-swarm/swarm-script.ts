import type {PeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {selectChain} from '#shared/scheduling/routing/select/select-chain.ts';
import type {NextRandom} from '#shared/scheduling/seeded-choice.ts';
import type {NetworkCoordinates} from '#shared/scheduling/network-distances.ts';
import type {CapacityLayers, PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import type {OverlayTrust} from '#shared/scheduling/routing/load/client-overlay.ts';
import type {AskedRequest} from './virtual-answer.ts';
import type {ChooseChain} from './virtual-client.ts';
import type {DirectoryFaults} from './virtual-directory.ts';
import type {EngineCost} from './node/virtual-hop.ts';

/** What a node says of itself that is not so. */
export type Lie =
  /** NaN where numbers belong: no reader accepts such a record. */
  | 'impossible'
  /** Ten times faster than it is. */
  | 'fast'
  /** Always idle. */
  | 'idle';

/** What does not change in the life of a node. */
export type VirtualNodeFacts = {
  readonly id: string;
  readonly cost: EngineCost;
  readonly capacityLayers: CapacityLayers;
  readonly coords: NetworkCoordinates;
  readonly maxSessions: number;
  readonly kvTokens: number;
  readonly clockSkewMs: number;
  readonly lie: Lie | null;
};

/** A node that is there from the start, or joins by itself. */
export type NodeStart = {
  readonly facts: VirtualNodeFacts;
  readonly joinsMs: number;
  /** What it serves when it joins; `null`: nothing yet. */
  readonly shard: PlacedShard | null;
};

/** A node as a central planner sees it. */
export type MemberNode = {
  readonly id: PeerId;
  readonly facts: VirtualNodeFacts;
  readonly shard: PlacedShard | null;
};

/** What decides which node holds which layers. */
export type Placement =
  /** Each node for itself, from records: the product's way. */
  | {readonly kind: 'live'}
  /** Nobody: what is served at the start stays. */
  | {readonly kind: 'fixed'}
  /** A planner that sees everything, asked after each join and departure. */
  | {
      readonly kind: 'central';
      readonly replan: (nodes: readonly MemberNode[]) => ReadonlyMap<PeerId, PlacedShard>;
    };

export type Churn = {
  /** Mean life, exponential. */
  readonly meanLifeMs: number;
  /** The node that joins for one that leaves, the `number`th of all; `null` for none. */
  readonly newcomer: ((number: number, random: NextRandom) => VirtualNodeFacts) | null;
  /** The part of departures that the server notices; the others only expire. */
  readonly noticedRate: number;
};

/** Something that befalls the chain of a running answer, once. */
export type AnswerFault = {
  readonly kind:
    | 'close-tab'
    /** The same without a sign. */
    | 'kill-tab'
    | 'crash-engine'
    /** Packets between a hop and the next one vanish, after the tail those to the head. */
    | 'cut-link'
    | 'freeze-tab';
  /** Which of the requests of the script. */
  readonly request: number;
  /** 0: when its chain is ready, and the prompt on its way. */
  readonly afterTokens: number;
  /** Of the chain that serves it then; in shorter chains it is counted round. */
  readonly stage: number;
};

/** All that happens in a run: equal scripts give equal reports. */
export type SwarmScript = {
  readonly grid: CutGrid;
  readonly contextTokens: number;
  readonly seed: number;
  /** The run ends then, or when the last answer does. */
  readonly durationMs: number;
  readonly endsWith: 'time' | 'answers';
  readonly nodes: readonly NodeStart[];
  readonly churn: Churn | null;
  readonly placement: Placement;
  readonly directory: DirectoryFaults;
  /** Least time between two records of a node. */
  readonly publishEveryMs: number;
  readonly requests: readonly AskedRequest[];
  readonly faults: readonly AnswerFault[];
  readonly chooseChain: ChooseChain;
  /** Least time between two snapshots of a client. */
  readonly viewEveryMs: number;
  /** Whether clients come as strangers, to whom nodes have to earn that their word counts. */
  readonly trust: OverlayTrust;
  /** Tokens before this are not counted: the swarm is filling up. */
  readonly countFromMs: number;
};

/** A calm swarm with a perfect network and nobody in it; name what matters. */
export function swarmScript(
  differences: Partial<SwarmScript> & Pick<SwarmScript, 'grid' | 'durationMs'>,
): SwarmScript {
  return {
    contextTokens: 8192,
    seed: 1,
    endsWith: 'time',
    nodes: [],
    churn: null,
    placement: {kind: 'live'},
    directory: {minDelayMs: 0, maxDelayMs: 0, lossRate: 0},
    publishEveryMs: 250,
    requests: [],
    faults: [],
    chooseChain: selectChain,
    viewEveryMs: 250,
    trust: 'earned',
    countFromMs: 0,
    ...differences,
  };
}
