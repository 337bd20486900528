import {SharedLoad} from '#shared/base/shared-load.ts';
import {basePath, pathBelow} from '../http/base-path.ts';
import type {NodeEnv} from '../http/node-env.ts';
import type {ServerCounters} from '../metrics/server-counters.ts';
import {readApiKeys} from '../settings/api-key-settings.ts';
import type {createGatewayApi, GatewayApi} from './create-gateway-api.ts';

type Host = Omit<Parameters<typeof createGatewayApi>[0], 'apiKeys' | 'getPath' | 'serverUrl'>;

type Settings = {readonly publicUrl: string | null; readonly apiKeysFile: string | null};

/** The gateway of a server, which is not even loaded before its first request. */
export class LazyGateway {
  readonly #api: SharedLoad<GatewayApi>;
  #loaded: GatewayApi | null = null;

  constructor(config: Settings, host: () => Host) {
    const base = basePath(config.publicUrl);
    this.#api = new SharedLoad(async () => {
      const module = await import('./create-gateway-api.ts');
      this.#loaded = await module.createGatewayApi({
        ...host(),
        apiKeys: readApiKeys(config),
        getPath: (request) => pathBelow(base, request.url),
        serverUrl: config.publicUrl?.replace(/\/$/u, '') ?? '/',
      });
      return this.#loaded;
    });
  }

  readonly fetch = async (request: Request, env: NodeEnv['Bindings']): Promise<Response> => {
    const {api} = await this.#api.get();
    return await api.fetch(request, env);
  };

  counters(): Pick<ServerCounters, 'gatewayAnswers' | 'gatewayWaiting'> {
    const {running, waiting} = this.#loaded?.counts() ?? {running: 0, waiting: 0};
    return {gatewayAnswers: running, gatewayWaiting: waiting};
  }

  async close(): Promise<void> {
    if (!this.#api.hasBegun) return;
    const api = await this.#api.get().catch(() => null);
    await api?.close();
  }
}
