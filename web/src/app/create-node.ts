import {mostPositions} from '#shared/model/model-spec.ts';
import {GenerationClient, sessionIdFrom} from '#shared/client/generation-client.ts';
import type {ServerLinkState} from '#shared/transport/server-link/server-link.ts';
import {ClientOverlay} from '#shared/scheduling/routing/load/client-overlay.ts';
import {GENERATION_LIMITS} from '#shared/session/generation/generation-task.ts';
import type {ChatService} from '../ports/chat-service.ts';
import type {DeviceState} from '../ports/device-state.ts';
import type {LinkService} from '../ports/link-service.ts';
import {SwarmChatService, type EngineHop} from '../ports/swarm-chat-service.ts';
import type {Services} from './lazy-services.ts';
import {joinSwarm} from '../node/swarm/join-swarm.ts';
import {KV_TOKENS} from '../node/lending/lending-limits.ts';
import {LendNode} from '../node/lending/lend-node.ts';
import {loadManifest, type OfferedModel} from '../node/model/load-manifest.ts';
import {loadVocabulary, type Vocabulary} from '../node/model/load-vocabulary.ts';
import {chooseChain} from '../node/routing/choose-chain.ts';
import {routeFrames} from '../node/serving/route-frames.ts';
import type {SwarmMembership} from '../node/swarm/swarm-membership.ts';

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
};

/** Composition root of the node in this tab: joins the swarm of one model, to ask and to lend. */
export async function createNode(options: NodeOptions): Promise<Services> {
  const signal = new AbortController().signal;
  const model = await loadManifest(options.siteUrl, options.modelId, {signal});
  const membership = await joinSwarm({...options, model});
  const {spec} = model.manifest;
  const lendService = new LendNode(() => Promise.resolve(membership));
  const overlay = watchingOverlay(membership);
  const client = createClient(membership, overlay);
  routeFrames(membership.transport, {
    client,
    hop: () => lendService.hop,
    onMalformed: () => lendService.hop?.countMalformed(),
  });
  const vocabulary = vocabularyOf(model, signal);
  const chat: ChatService = new SwarmChatService({
    client,
    vocabulary,
    // What no tab can hold is refused at once, however long a context the model was trained for.
    contextTokens: mostPositions(spec, KV_TOKENS),
    onServed: (hops) => {
      for (const {hop, serviceMs} of hops) {
        const layers = hop.endLayer - hop.startLayer;
        const msPerLayer = (serviceMs - hop.hopOverheadMs) / layers;
        overlay.observe(hop.peerId, msPerLayer, membership.nowMs());
      }
    },
  });
  const links: LinkService = {
    report: () => membership.links(),
    traffic: () =>
      Promise.resolve({
        peerId: membership.peerId,
        peers: membership.transport.traffic(),
        sessions: lendService.hop?.sessionTraffic() ?? [],
      }),
  };
  return {
    chat,
    lendService,
    links,
    prepare: async () => {
      await vocabulary();
    },
    lendLoad: () => Promise.resolve(lendService.load),
    knownPeers: () =>
      Promise.resolve(membership.snapshotWith(null).nodes.map(({nodeId}) => nodeId)),
    knownRecords: () => Promise.resolve(membership.records()),
    crashEngine: () => {
      lendService.crashEngine();
      return Promise.resolve();
    },
  };
}

/** Loaded at the first call; `null` when the model is offered for token ids only. */
function vocabularyOf(model: OfferedModel, signal: AbortSignal): () => Promise<Vocabulary | null> {
  let loading: Promise<Vocabulary> | null = null;
  return async () => {
    if (model.manifest.text === null) return null;
    loading ??= loadVocabulary(model, {signal}).catch((error: unknown) => {
      loading = null; // The network may be back at the next question.
      throw error;
    });
    return loading;
  };
}

/** Receives all records, also while this tab asks nothing. */
function watchingOverlay(membership: SwarmMembership): ClientOverlay {
  const overlay = new ClientOverlay();
  membership.onSnapshot(() => {
    overlay.see(membership.records(), membership.nowMs());
  });
  return overlay;
}

function createClient(
  membership: SwarmMembership,
  overlay: ClientOverlay,
): GenerationClient<EngineHop> {
  const {model, transport} = membership;
  const {spec} = model.manifest;
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  return new GenerationClient<EngineHop>({
    transport,
    manifestHash: model.manifestHash,
    hiddenSize: spec.hiddenSize,
    endTokenIds: spec.endTokenIds,
    limits: GENERATION_LIMITS,
    chooseChain: (wish) => chooseChain(membership, wish, {overlay, seed}),
    promise: (hops) => {
      const named = hops.map(({peerId, startLayer, endLayer}) => ({
        nodeId: peerId,
        startLayer,
        endLayer,
      }));
      const chain = overlay.promise(named, membership.nowMs());
      return () => {
        overlay.release(chain, membership.nowMs());
      };
    },
    onSnapshot: (listener) => membership.onSnapshot(listener),
    nowMs: () => performance.now(),
    newSessionId: () => sessionIdFrom(crypto.getRandomValues(new Uint8Array(8))),
  });
}
