import {readPageConfig, type PageConfig} from './config.ts';
import type {LendRequest} from './chat/lend-service.ts';
import {exposeTabControl} from './headless/tab-control.ts';
import {lazyServices} from './lazy-services.ts';
import {AppShell} from './ui/app-shell.ts';

/** Composition root of the page: the element, and what it may call. */
function start(config: PageConfig): void {
  const services = lazyServices(async () => {
    const {createNode} = await import('./node/create-node.ts');
    return createNode({
      siteUrl: new URL('./', location.href).href,
      modelId: config.model,
      isEphemeral: config.headless,
      onVisibility: (listener) => {
        const tell = (): void => {
          listener(document.visibilityState === 'hidden');
        };
        document.addEventListener('visibilitychange', tell);
        tell();
      },
    });
  });
  const app = new AppShell();
  app.chat = services.chat;
  app.lendService = services.lendService;
  app.lendRequest = lendRequestOf(config);
  document.body.append(app);
  if (config.headless) exposeTabControl(services);
}

function lendRequestOf({engine, maxLayers, memoryMiB}: PageConfig): LendRequest {
  if (maxLayers === undefined) return {engine, capacity: {kind: 'memory', memoryMiB}};
  return {engine, capacity: {kind: 'layers', maxLayers}};
}

start(readPageConfig(location.search));
