/// <reference types="node" />
import {createReadStream, rmSync} from 'node:fs';
import {mkdtemp, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {tmpdir} from 'node:os';
import {extname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'vite';
import {listenOnLoopback} from '#shared/testing/loopback-port.ts';

export type EngineSite = AsyncDisposable & {
  readonly url: string;
  /** Byte ranges that were asked for, `[first, last]`, since the last `takeRanges`. */
  takeRanges(): readonly (readonly [number, number])[];
  /** The next reads of `/altered.gguf` have this byte changed. */
  alterByte(offset: number): void;
  /** Serves another model file beside, under this name. */
  offer(name: string, gguf: Uint8Array): Promise<void>;
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** What gives a page shared memory; its workers need it too. */
const ISOLATED = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};
/** The page as a site without those headers serves it. */
const PLAIN_PAGE = '/plain.html';
/** Folders of built pages, by their source: a process builds each once. */
const pages = new Map<string, Promise<string>>();

/**
 * Builds the engine's test page, once, and serves it on loopback, beside the model as
 * `/model.gguf`, with one byte changed as `/altered.gguf`, and without ranges as `/whole.gguf`.
 * `/` is isolated, `/plain.html` is not.
 */
export async function serveEnginePage(
  modelPath: string,
  /** Of the page, whose entry is `index.html`; by default, the engine's. */
  source = fileURLToPath(new URL('.', import.meta.url)),
): Promise<EngineSite> {
  const page = pages.get(source) ?? buildPage(source);
  pages.set(source, page);
  const folder = await page;
  const offered = await mkdtemp(join(tmpdir(), 'weft-offered-'));
  const model: ServedModel = {
    path: modelPath,
    byteLength: (await stat(modelPath)).size,
    alteredByte: -1,
    ranges: [],
  };
  const beside = new Map<string, ServedModel>();
  const server = createServer((request, response) => {
    const {pathname} = new URL(request.url ?? '/', 'http://localhost');
    if (pathname.endsWith('.gguf'))
      serveModel(beside.get(pathname) ?? model, pathname, request, response);
    else void serveFile(folder, pathname, response);
  });
  const port = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}/`,
    takeRanges: () => model.ranges.splice(0),
    alterByte: (offset) => {
      model.alteredByte = offset;
    },
    async offer(name, gguf) {
      const path = join(offered, name);
      await writeFile(path, gguf);
      beside.set(`/${name}`, {path, byteLength: gguf.length, alteredByte: -1, ranges: []});
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await rm(offered, {recursive: true});
    },
  };
}

async function buildPage(root: string): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), 'weft-engine-page-'));
  process.once('exit', () => {
    rmSync(outDir, {recursive: true});
  });
  await build({
    configFile: false,
    logLevel: 'error',
    root,
    worker: {format: 'es'},
    build: {outDir, emptyOutDir: true, target: 'es2023', chunkSizeWarningLimit: 2000},
  });
  return outDir;
}

async function serveFile(
  folder: string,
  pathname: string,
  response: ServerResponse,
): Promise<void> {
  const isPlain = pathname === PLAIN_PAGE;
  const path = join(folder, isPlain || pathname === '/' ? 'index.html' : pathname);
  try {
    const content = await readFile(path);
    response.writeHead(200, {
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      ...(isPlain ? {} : ISOLATED),
    });
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
}

type ServedModel = {
  readonly path: string;
  readonly byteLength: number;
  alteredByte: number;
  readonly ranges: (readonly [number, number])[];
};

function serveModel(
  model: ServedModel,
  pathname: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const match = /^bytes=(\d+)-(\d+)$/u.exec(request.headers.range ?? '');
  if (match === null || pathname === '/whole.gguf') {
    response.writeHead(200, {'content-length': model.byteLength});
    createReadStream(model.path)
      .on('error', () => response.destroy())
      .pipe(response);
    return;
  }
  const [start, end] = [Number(match[1]), Number(match[2])];
  model.ranges.push([start, end]);
  response.writeHead(206, {
    'content-range': `bytes ${start}-${end}/${model.byteLength}`,
    'content-length': end - start + 1,
  });
  let at = start;
  createReadStream(model.path, {start, end})
    .on('data', (chunk) => {
      const bytes = Buffer.from(chunk);
      const altered = model.alteredByte - at;
      if (pathname === '/altered.gguf' && altered >= 0 && altered < bytes.length) {
        bytes.writeUInt8(bytes.readUInt8(altered) ^ 1, altered);
      }
      at += bytes.length;
      response.write(bytes);
    })
    .on('end', () => response.end());
}
