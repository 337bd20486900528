import {createChat} from '#shared/client/chat/create-chat.ts';
import type {ServerLinkState} from '#shared/transport/server-link/server-link.ts';
import type {DeviceState} from '../ports/device-state.ts';
import type {TabEvent} from '../ports/tab-event.ts';
import type {NodeServices} from './services/lazy-services.ts';
import {joinSwarm} from '../node/swarm/join-swarm.ts';
import {watchNode} from '../node/life/watch-node.ts';
import {KV_TOKENS} from '../node/lending/lending-limits.ts';
import {Lending} from '../node/lending/lending.ts';
import {loadManifest} from '#shared/client/model/load-manifest.ts';
import {routeFrames} from '../node/serving/route-frames.ts';

export type NodeOptions = {
  /** Where the page comes from; ends with a slash. */
  readonly siteUrl: string;
  /** An id of the site's catalogue; by default, its first entry. */
  readonly modelId: string | undefined;
  /** Whether the node forgets who it was when the tab closes. */
  readonly isEphemeral: boolean;
  /** Calls back with the state of the device, now and on every change. */
  readonly watchDevice: (listener: (state: DeviceState) => void) => void;
  /** Calls back when the page is being closed. */
  readonly onPageHide: (listener: () => void) => void;
  /** Calls back when the browser says that the network is back. */
  readonly onOnline: (listener: () => void) => () => void;
  /** Called when the link to the signal servers is lost, fails again, or is back. */
  readonly onServerState?: (state: ServerLinkState) => void;
  /** Hears of each change in the life of this node; of lending the service itself tells. */
  readonly onEvent: (event: TabEvent) => void;
};

/** Composition root of the node in this tab: joins the swarm of one model, to ask and to lend. */
export async function createNode(options: NodeOptions): Promise<NodeServices> {
  const signal = new AbortController().signal;
  const model = await loadManifest(options.siteUrl, options.modelId, {signal});
  const membership = await joinSwarm({...options, model});
  let lending: Lending | null = null;
  watchNode({
    membership,
    refusals: () => lending?.load?.refusals ?? {},
    onEvent: options.onEvent,
  });
  const chat = createChat(
    {...membership, snapshot: () => membership.snapshotWith(null)},
    // What no tab can hold is refused at once, however long a context the model was trained for.
    {maxKvTokens: KV_TOKENS},
  );
  routeFrames(membership.transport, {
    client: chat.client,
    hop: () => lending?.hop ?? null,
    onMalformed: () => lending?.hop?.countMalformed(),
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
      crashEngine: () => {
        lending?.crashEngine();
        return Promise.resolve();
      },
    },
  };
}
