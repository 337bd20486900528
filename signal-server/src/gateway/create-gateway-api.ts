import type {BlockList} from 'node:net';
import type {Hono} from 'hono';
import type {NodeEnv} from '../http/node-env.ts';
import {createApi} from './api/create-api.ts';
import type {ApiKey} from './callers/api-keys.ts';
import {Callers} from './callers/callers.ts';
import type {TurnCounts} from './turns/caller-queue.ts';
import {createGateway, type GatewayHost} from './swarms/create-gateway.ts';

type Options = GatewayHost & {
  /** `null`: anybody may ask. */
  readonly apiKeys: readonly ApiKey[] | null;
  readonly trustedProxies: BlockList;
  /** The path of a request below the folder of the site. */
  readonly getPath: (request: Request) => string;
  /** Of the site, as the OpenAPI document says it. */
  readonly serverUrl: string;
};

export type GatewayApi = {
  readonly api: Hono<NodeEnv>;
  readonly counts: () => TurnCounts;
  readonly close: () => Promise<void>;
};

/** Everything behind `/v1`. Loaded at its first request: a server that nobody asks is as small as without it. */
export async function createGatewayApi(options: Options): Promise<GatewayApi> {
  const {apiKeys, trustedProxies, getPath, serverUrl, nowMs} = options;
  const gateway = await createGateway(options);
  const callers = new Callers({keys: apiKeys, trustedProxies, nowMs: () => performance.now()});
  return {
    api: createApi({gateway, callers, getPath, serverUrl, nowMs}),
    counts: gateway.counts,
    close: gateway.close,
  };
}
