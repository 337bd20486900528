import {readFile} from 'node:fs/promises';
import {createServer, type ServerResponse} from 'node:http';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const MODULES = fromHere('../../../node_modules/');

/** Sites that embed a widget, on an address that is not that of its server. */
export type HostSite = {
  /** Ends with a slash. */
  readonly url: string;
  /** The same pages under another host name, which is another origin. */
  readonly otherUrl: string;
  readonly close: () => Promise<void>;
};

/**
 * Serves the pages of this folder, with the address of a signal server in place of `__SERVER__`.
 *
 * @param options.body replaces what a page has between `<main>` and its end, by the page's name.
 */
export async function serveHostPages(serverUrl: string): Promise<HostSite> {
  const server = createServer((request, response) => {
    const {pathname, port} = new URL(request.url ?? '/', `http://${request.headers.host ?? ''}`);
    void answer(pathname.slice(1), {serverUrl, port}, response).catch(() => {
      response.writeHead(404).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    otherUrl: `http://localhost:${port}/`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  path: string,
  {serverUrl, port}: {readonly serverUrl: string; readonly port: string},
  response: ServerResponse,
): Promise<void> {
  if (path.startsWith('modules/')) {
    const code = await readFile(`${MODULES}${path.slice('modules/'.length)}`);
    response.writeHead(200, {'Content-Type': 'text/javascript'}).end(code);
    return;
  }
  const name = path.replace(/\.html$/u, '');
  const file = name === 'isolated' || name === 'sandboxed' ? 'plain' : name;
  const page = await readFile(fromHere(`./${file}.html`), 'utf8');
  response
    .writeHead(200, {'Content-Type': 'text/html; charset=utf-8', ...headersOf(name, serverUrl)})
    .end(
      page
        .replaceAll('__SERVER__', serverUrl)
        .replaceAll('__FRAMED__', `http://127.0.0.1:${port}/`),
    );
}

function headersOf(name: string, serverUrl: string): Readonly<Record<string, string>> {
  const {origin, host} = new URL(serverUrl);
  switch (name) {
    case 'isolated':
      return {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      };
    case 'sandboxed':
      // As in a frame with the attribute.
      return {'Content-Security-Policy': 'sandbox allow-scripts'};
    case 'strict-csp':
      // As web/widget/README.md has it.
      return {
        'Content-Security-Policy': [
          "default-src 'none'",
          `script-src ${origin}`,
          `connect-src ${origin} ws://${host}`,
          "require-trusted-types-for 'script'",
          'trusted-types lit-html',
        ].join('; '),
      };
    default:
      return {};
  }
}
