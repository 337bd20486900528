/// <reference types="node" />

import type {Server} from 'node:http';
import {assert} from '#shared/base/assert.ts';
import {asPeerId, type PeerId} from '#shared/base/ids.ts';
import {PUBLIC_SWARM, TEST_SWARM} from '#shared/protocol/swarm-kind.ts';
import {PROTOCOL_MAJOR} from '#shared/protocol/version.ts';
import {createApp} from './app.ts';
import {parseConfig, type ServerConfig} from './config.ts';
import {createServerNode, type ServerNode} from './create-server-node.ts';
import {LazyGateway} from './gateway/lazy-gateway.ts';
import type {ServerCounters} from './metrics/server-counters.ts';
import {acceptConnections, type Accepting} from './http/accept-connections.ts';
import {publicAddress} from './http/public-address.ts';
import {createGuardedServer} from './http/guard-http-server.ts';
import {RefusalTally} from './limits/refusals.ts';
import {defaultSocketLimits, type SocketLimits} from './limits/socket-limits.ts';
import {parseProxyList, sourceAddress} from './limits/source/source-address.ts';
import {requestListener} from './http/request-listener.ts';
import type {Misconduct} from './limits/conduct-book.ts';
import {createServerClock} from './server-clock.ts';
import {ServerError} from './server-error.ts';
import {folderFaults} from './settings/folder-faults.ts';

export type SignalServer = {
  /** Where browsers on this machine find it, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly peerId: PeerId;
  counters(): ServerCounters;
  /** Records that the DHT refused, by what is wrong with them. */
  recordRefusals(): ReadonlyMap<Misconduct, number>;
  close(): Promise<void>;
};

/**
 * Starts page, relay, DHT seed and directory behind one port. What is left out
 * has the default that `config.ts` documents.
 *
 * @throws {ServerError} `PORT_TAKEN`, `LISTEN_FAILED`, `FOLDER_MISSING`.
 */
export async function startSignalServer(
  overrides: Partial<ServerConfig> = {},
  socketLimits: Partial<SocketLimits> = {},
  nowMs: () => number = createServerClock(),
): Promise<SignalServer> {
  const config: ServerConfig = {...parseConfig({}), ...overrides};
  const limits = {...defaultSocketLimits(config.maxTabs), ...socketLimits};
  const trustedProxies = parseProxyList(config.trustedProxies);
  const refusals = new RefusalTally();
  throwIfMissing(config);
  const swarmId = config.isTest ? TEST_SWARM : PUBLIC_SWARM;
  let url = '';
  let node: ServerNode | null = null;
  const running = () => {
    assert(node !== null, 'requests are served after the node has started');
    return node;
  };
  const gateway = new LazyGateway(config, () => ({
    ...running().records,
    libp2p: running().libp2p,
    swarmId,
    nowMs,
    siteUrl: `${url}/`,
    trustedProxies,
  }));
  const app = createApp({
    config,
    now: nowMs,
    gateway: gateway.fetch,
    counters: () => ({...running().counters(), ...gateway.counters()}),
    swarm: () => running().swarm(),
    node: () => ({
      peerId: asPeerId(running().libp2p.peerId.toString()),
      swarmId,
      protocolMajor: PROTOCOL_MAJOR,
    }),
  });
  const http = createGuardedServer(
    {...limits, trustedProxies, refused: refusals.add},
    requestListener(app),
  );
  const accepting = await listen(http, config);
  url = `http://${urlHost(config.host)}:${accepting.port}`;
  try {
    const announce = publicAddress(config.publicUrl ?? url);
    node = await createServerNode({
      ...config,
      nowMs,
      announce,
      refusals,
      socketLimits: limits,
      sourceOf: ({socket: {remoteAddress}, headers}) =>
        sourceAddress({remoteAddress, headers}, trustedProxies),
    });
  } catch (cause) {
    void accepting.close();
    throw cause;
  }
  return describeServer({url, accepting, http, node, gateway});
}

function throwIfMissing(config: ServerConfig): void {
  const [missing] = folderFaults(config);
  if (missing === undefined) return;
  const {variable, sentence} = missing;
  throw new ServerError({code: 'FOLDER_MISSING', variable}, `Cannot serve ${sentence}`);
}

function describeServer(parts: {
  readonly url: string;
  readonly accepting: Accepting;
  readonly http: Server;
  readonly node: ServerNode;
  readonly gateway: LazyGateway;
}): SignalServer {
  const {url, accepting, http, node, gateway} = parts;
  http.on('upgrade', node.upgrade);
  return {
    url,
    port: accepting.port,
    peerId: asPeerId(node.libp2p.peerId.toString()),
    counters: () => ({...node.counters(), ...gateway.counters()}),
    recordRefusals: () => node.recordRefusals(),
    close: async () => {
      http.off('upgrade', node.upgrade);
      const closed = accepting.close();
      await gateway.close();
      await node.stop();
      http.closeAllConnections();
      await closed;
    },
  };
}

async function listen(
  http: Server,
  address: Pick<ServerConfig, 'port' | 'host'>,
): Promise<Accepting> {
  try {
    return await acceptConnections(http, address);
  } catch (cause) {
    assert(cause instanceof Error, 'a socket fails with an error');
    throw listenError(address.port, cause);
  }
}

function listenError(port: number, cause: Error & {readonly code?: unknown}): ServerError {
  if (cause.code === 'EADDRINUSE') {
    const message = `Cannot listen on port ${port}: another program uses it; choose another port, or 0 for any free one`;
    return new ServerError({code: 'PORT_TAKEN', port}, message, {cause});
  }
  return new ServerError(
    {code: 'LISTEN_FAILED', port},
    `Cannot listen on port ${port}: ${cause.message}`,
    {cause},
  );
}

/** A server that listens everywhere is found here by its loopback name. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
