import {fileURLToPath} from 'node:url';
import {createServer} from 'vite';

const CONFIG_FILE = fileURLToPath(new URL('../../../web/vite.config.ts', import.meta.url));

/** What a signal server answers, besides the page: tabs open their WebSocket to it directly. */
const SERVER_PATHS = ['/api', '/models', '/catalog'];

/** Threads need a page that is cross-origin isolated, as the signal server's own is. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

export type SourceServer = {
  /** Where the page is, with a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
};

/**
 * Serves the page from its source, with hot reload. Everything else comes from a signal server,
 * so that the page joins the swarm of that server.
 *
 * @param serverUrl of the signal server; may have a path.
 * @param port 0 for any free one.
 * @throws {Error} when the port is taken.
 */
export async function serveSource({
  serverUrl,
  port,
}: {
  readonly serverUrl: string;
  readonly port: number;
}): Promise<SourceServer> {
  // The path of the target goes in front of the path that was asked for.
  const target = serverUrl.replace(/\/$/u, '');
  // Its own name and port make the addresses that tabs dial.
  const rule = {target, changeOrigin: true, prependPath: true};
  const vite = await createServer({
    configFile: CONFIG_FILE,
    logLevel: 'warn',
    server: {
      host: '127.0.0.1',
      port,
      strictPort: true,
      headers: ISOLATION,
      proxy: Object.fromEntries(SERVER_PATHS.map((path) => [path, rule])),
    },
  });
  await vite.listen();
  const [url] = vite.resolvedUrls?.local ?? [];
  if (url === undefined) throw new Error('Cannot serve the page: the server has no address');
  return {url, close: () => vite.close()};
}
