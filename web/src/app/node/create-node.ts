import type {TabEvent} from '../../ports/tab-event.ts';
import type {NodeServices} from '../services/lazy-services.ts';
import {watchNode} from '../../node/life/watch-node.ts';
import {Lending} from '../../node/lending/lending.ts';
import {askLocalNetwork} from './ask-local-network.ts';
import {createAskingNode, type AskingOptions} from './create-asking-node.ts';

export type NodeOptions = Omit<AskingOptions, 'serving' | 'askLocalNetwork'> & {
  /** Hears of each change in the life of this node; of lending the service itself tells. */
  readonly onEvent: (event: TabEvent) => void;
};

/** Composition root of the node in this tab: joins the swarm of one model, to ask and to lend. */
export async function createNode(options: NodeOptions): Promise<NodeServices> {
  let lending: Lending | null = null;
  const {membership, chat} = await createAskingNode({
    ...options,
    askLocalNetwork,
    serving: {
      hop: () => lending?.hop ?? null,
      onMalformed: () => lending?.hop?.countMalformed(),
    },
  });
  watchNode({
    membership,
    refusals: () => lending?.load?.refusals ?? {},
    onEvent: options.onEvent,
  });
  return {
    chat: chat.service,
    startLending: (request, onState) => {
      lending = new Lending(membership, request, onState);
      return lending;
    },
    links: {report: () => membership.links()},
    lab: {
      prepare: chat.prepare,
      traffic: () =>
        Promise.resolve({
          peerId: membership.peerId,
          peers: membership.transport.traffic(),
          sessions: lending?.hop?.sessionTraffic() ?? [],
        }),
      lendLoad: () => Promise.resolve(lending?.load ?? null),
      knownPeers: () =>
        Promise.resolve(membership.snapshotWith(null).nodes.map(({nodeId}) => nodeId)),
      knownRecords: () => Promise.resolve(membership.records()),
      disturbEngine: (fault) => {
        lending?.disturbEngine(fault);
        return Promise.resolve();
      },
    },
  };
}
