import type {ChatService} from '../../ports/chat-service.ts';
import type {ServedLayers, SwarmService} from '../../ports/swarm-service.ts';
import type {WidgetServices, WidgetTarget} from '../../ports/widget-services.ts';
import {WatchedNetwork} from '../watch-network.ts';
import type {FallbackTarget} from './fallback/fallback-chat.ts';
import {swarmOrFallback} from './fallback/swarm-or-fallback.ts';
import {folderUrl} from './folder-url.ts';
import {keepConversation} from './kept-conversation.ts';
import {readOffer, type Offer} from './read-offer.ts';
import {readServedLayers} from './read-served-layers.ts';
import {SharedNodes} from './shared-nodes.ts';

/** How services ask a model of a service whose models nobody has named. */
const ANY_MODEL = 'default';
/** A slow network loads the code and joins in less; a server that went silent never ends it. */
const JOIN_TIMEOUT_MS = 30_000;

/** Opens what each widget of a page may call; the widgets share their nodes. */
export function widgetServices(scriptFolder: string): (target: WidgetTarget) => WidgetServices {
  const networks = new Map<string, WatchedNetwork>();
  const networkTo = (serverUrl: string): WatchedNetwork => {
    const known = networks.get(serverUrl);
    if (known !== undefined) return known;
    const network = new WatchedNetwork({events: window, isOnline: () => navigator.onLine});
    networks.set(serverUrl, network);
    return network;
  };
  const nodes = new SharedNodes({
    createNode: async (options) => {
      const {createAskingNode} = await import('../node/create-asking-node.ts');
      return createAskingNode(options);
    },
    pageEvents: window,
    networkTo,
  });
  return ({server, model, fallback}) => {
    const serverUrl = server === '' ? scriptFolder : folderUrl('server', server, document.baseURI);
    const fallbackUrl = fallback === '' ? null : folderUrl('fallback', fallback, document.baseURI);
    const node = nodes.share({serverUrl, model});
    const offered = offeredSwarm(serverUrl, model);
    return {
      serverUrl,
      fallbackHost: fallbackUrl === null ? null : new URL(fallbackUrl).host,
      chat:
        fallbackUrl === null
          ? node.chat
          : swarmOrFallback({
              swarm: node.chat,
              fallback: lazyFallback({baseUrl: fallbackUrl, model: model || ANY_MODEL}),
              isServed: offered.isServed,
              joinTimeout: () => AbortSignal.timeout(JOIN_TIMEOUT_MS),
            }),
      swarm: offered,
      network: networkTo(serverUrl),
      layerCount: offered.layerCount,
      kept: (heading) => keepConversation(`weft-chat ${serverUrl} ${heading}`, () => localStorage),
      release: () => {
        node.release();
      },
    };
  };
}

type OfferedSwarm = SwarmService<ServedLayers> & {
  readonly layerCount: () => number;
  readonly isServed: (options: {readonly signal: AbortSignal}) => Promise<boolean>;
};

function offeredSwarm(serverUrl: string, model: string): OfferedSwarm {
  let offer: Offer | null = null;
  const read: SwarmService<ServedLayers>['read'] = async (options) => {
    offer ??= await readOffer(serverUrl, model, options);
    return readServedLayers(serverUrl, offer.manifestHash, options);
  };
  return {
    read,
    layerCount: () => offer?.layerCount ?? 0,
    isServed: async (options) => {
      const summary = await read(options).catch(() => null);
      return summary !== null && summary.chains > 0;
    },
  };
}

/** Its code comes with the first question that the swarm cannot serve. */
function lazyFallback(target: FallbackTarget): ChatService {
  return {
    async *ask(request, options) {
      const {fallbackChat} = await import('./fallback/fallback-chat.ts');
      yield* fallbackChat(target).ask(request, options);
    },
  };
}
