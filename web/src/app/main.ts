import {readPageConfig, type PageConfig} from './config.ts';
import {describeModel} from './describe-model.ts';
import {SharedLoad} from '#shared/base/shared-load.ts';
import type {OfferedModel} from '#shared/client/model/load-manifest.ts';
import {exposeTabControl, reportTabEvent} from './tab-control.ts';
import {lazyServices} from './services/lazy-services.ts';
import {prepareOnceServing} from './services/prepare-once-serving.ts';
import {logTabEvent} from './log-tab-event.ts';
import type {TabEvent} from '../ports/tab-event.ts';
import {takeThreads} from '../node/engine/take-threads.ts';
import {watchLending} from '../node/life/watch-lending.ts';
import {LENT_KV_TOKENS} from '#shared/session/lent-kv-tokens.ts';
import {opfsKeptWeights} from './opfs-kept-weights.ts';
import {readSwarm} from './read-swarm.ts';
import {AppShell} from '../ui/app-shell.ts';
import {renderRefusal} from '../ui/parts/render-refusal.ts';
import {watchDevice} from './watch-device.ts';
import {WatchedNetwork} from './watch-network.ts';
import {rememberMemoryCap, type MemoryCap} from '../ui/controllers/memory-cap.ts';

/** Nothing of a tab that a program drives outlives it. */
const FORGETFUL: MemoryCap = {read: () => null, write: () => undefined};

const fetchNode = async () => import('./node/create-node.ts');

/** Composition root of the page: the element, and what it may call. */
function start(config: PageConfig): void {
  const onEvent = (event: TabEvent): void => {
    logTabEvent(event);
    if (config.headless) reportTabEvent(event);
  };
  const network = new WatchedNetwork({events: window, isOnline: () => navigator.onLine});
  const services = lazyServices(async () => {
    const {createNode} = await fetchNode();
    return createNode({
      siteUrl: siteUrl(),
      modelId: config.model,
      isEphemeral: config.headless,
      watchDevice,
      followPage: ({leave, pause, resume}) => {
        addEventListener('pagehide', ({persisted}) => {
          if (persisted) pause();
          else leave();
        });
        addEventListener('pageshow', ({persisted}) => {
          if (persisted) resume();
        });
      },
      onServerState: (state) => {
        network.serverState(state);
      },
      onEvent,
    });
  }, fetchNode);
  watchLending(services.lendService, onEvent);
  const lend = config.headless ? services.lendService : prepareOnceServing(services);
  const app = new AppShell();
  app.chat = services.chat;
  app.network = network;
  const model = new SharedLoad(() => loadOffer(config));
  app.swarm = {
    read: async (options) => readSwarm(siteUrl(), (await model.get()).manifestHash, options),
  };
  app.lendServices = {
    lend,
    links: services.links,
    network,
    models: {
      describe: async () => describeModel({...(await model.get()), kvTokens: LENT_KV_TOKENS}),
    },
    keptWeights: config.headless ? null : opfsKeptWeights(() => model.get()),
    memoryCap: config.headless ? FORGETFUL : rememberMemoryCap(() => localStorage),
    engine: config.engine ?? (config.headless ? 'wasm' : 'best'),
    takeThreads: async () => {
      const threadCount = config.threads ?? (config.headless ? 1 : null);
      return threadCount === null
        ? takeThreads(navigator.hardwareConcurrency)
        : {threadCount, release: () => undefined};
    },
    maxLayers: config.maxLayers ?? null,
    memoryMiB: config.memoryMiB ?? null,
  };
  document.body.append(app);
  if (config.headless) exposeTabControl(services);
}

async function loadOffer({model: id}: PageConfig): Promise<OfferedModel> {
  const {loadManifest} = await import('#shared/client/model/load-manifest.ts');
  const {signal} = new AbortController();
  return loadManifest(siteUrl(), id, {signal});
}

function siteUrl(): string {
  return new URL('./', location.href).href;
}

try {
  start(readPageConfig(location.search));
} catch (error) {
  renderRefusal(error, document.body);
}
