import {createServer, type RequestListener} from 'node:http';
import type {Socket} from 'node:net';
import type {AskRequest, ChatService} from '#shared/client/chat/chat-service.ts';
import {findOffered} from '#shared/client/model/load-manifest.ts';
import {catalogSchema} from '#shared/model/manifest/catalog.ts';
import type {ToolCallFormat} from '#shared/model/text/tools/tool-call-format.ts';
import {listenOnLoopback} from '#shared/testing/loopback-port.ts';
import {requestListener} from '../../../http/request-listener.ts';
import {parseProxyList} from '../../../limits/source/source-address.ts';
import type {ApiKey} from '../../callers/api-keys.ts';
import {CallerQueue, type TurnCounts} from '../../turns/caller-queue.ts';
import {Callers} from '../../callers/callers.ts';
import type {AskedModel, Gateway} from '../../swarms/create-gateway.ts';
import {GrammarThreads} from '../../grammar/grammar-threads.ts';
import {JSON_TOKENS} from '../../grammar/testing/json-vocabulary.ts';
import {createApi} from '../create-api.ts';

const MODEL = 'tiny';
const MANIFEST_HASH = 'ab'.repeat(32);
const CATALOG = catalogSchema.parse([
  {
    id: MODEL,
    title: 'Tiny',
    licence: 'MIT',
    family: 'llama',
    manifestHash: MANIFEST_HASH,
    manifest: 'tiny.json',
    fileName: 'tiny.gguf',
    byteLength: 1,
    sha256: MANIFEST_HASH,
    sources: [],
  },
]);
const END = 0;
/** Of its model; ids are from 0 to one less. */
export const VOCABULARY_SIZE = 512;

type Options = {
  /** What a swarm would answer; by default, the words of `WORDS`. */
  readonly ask?: ChatService['ask'];
  readonly keys?: readonly ApiKey[] | null;
  readonly capacity?: number;
  /** That follow grammars. */
  readonly mostThreads?: number;
  /** How its model calls tools; by default, not at all. */
  readonly toolCalls?: ToolCallFormat | null;
};

export type ScriptedApi = {
  readonly url: string;
  /** What the swarm was asked, in order. */
  readonly asked: readonly AskRequest[];
  readonly post: (
    path: string,
    body: unknown,
    headers?: Record<string, string>,
  ) => Promise<Response>;
  /** Of the last socket: after so long without a byte it is ended; 0: never. */
  readonly socketTimeoutMs: () => number | null;
  readonly counts: () => TurnCounts;
  readonly close: () => Promise<void>;
};

/** How long a socket may be idle. */
export const IDLE_MS = 120_000;

const WORDS = ['Once', ' upon', ' a', ' time'];

const tokenBytes = (id: number) => new TextEncoder().encode(WORDS[id - 1] ?? '');

/** The API over HTTP, in front of a swarm that says what a test wants it to. */
export async function scriptedApi({
  ask = askWords,
  keys = null,
  capacity = 4,
  toolCalls = null,
  mostThreads = 4,
}: Options = {}): Promise<ScriptedApi> {
  const asked: AskRequest[] = [];
  const service: ChatService = {
    ask: (request, options) => {
      asked.push(request);
      return ask(request, options);
    },
  };
  const grammars = new GrammarThreads({tokens: async () => JSON_TOKENS, mostThreads});
  const model: AskedModel = {
    id: MODEL,
    manifestHash: MANIFEST_HASH,
    vocabularySize: VOCABULARY_SIZE,
    endTokenIds: [END],
    chat: {service, vocabulary: async () => ({tokenBytes, toolCallFormat: async () => toolCalls})},
    grammars,
    queue: new CallerQueue({
      capacity: () => capacity,
      nowMs,
      wait: async () => undefined,
      waitsFor: 'the tabs of this swarm',
    }),
  };
  const gateway: Pick<Gateway, 'modelIds' | 'model'> = {
    modelIds: async () => [MODEL],
    model: async (id) => {
      findOffered(CATALOG, id);
      return model;
    },
  };
  const callers = new Callers({keys, trustedProxies: parseProxyList([]), nowMs});
  const api = createApi({gateway, callers, getPath, serverUrl: '/', nowMs: () => 1_000});
  const {url, ...server} = await serve(requestListener(api));
  return {
    url,
    asked,
    counts: () => model.queue.counts,
    post: async (path, body, headers = {}) =>
      await fetch(url + path, {
        method: 'POST',
        headers: {'Content-Type': 'application/json', ...headers},
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    ...server,
    close: async () => {
      grammars.close();
      await server.close();
    },
  };
}

const nowMs = () => performance.now();
const getPath = ({url}: Request) => new URL(url).pathname;

async function serve(
  listener: RequestListener,
): Promise<Pick<ScriptedApi, 'url' | 'socketTimeoutMs' | 'close'>> {
  const server = createServer(listener);
  server.timeout = IDLE_MS;
  let socket: Socket | null = null;
  server.on('connection', (opened) => (socket = opened));
  return {
    url: `http://127.0.0.1:${await listenOnLoopback(server)}`,
    socketTimeoutMs: () => socket?.timeout ?? null,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The first `maxNewTokens` of the words. */
export async function* askWords({
  maxNewTokens,
  topLogprobs,
}: AskRequest): ReturnType<ChatService['ask']> {
  yield {kind: 'prompt', tokenIds: [7, 8, 9]};
  const words = WORDS.slice(0, maxNewTokens);
  for (const [at, text] of words.entries()) {
    const top = Array.from({length: topLogprobs}, (_, rank) => ({
      id: rank + 1,
      logprob: -rank - 1,
    }));
    yield {kind: 'token', tokenId: at + 1, text, logprob: -0.5, topLogprobs: top, atMs: 0};
  }
  yield {kind: 'end', finishReason: words.length < WORDS.length ? 'length' : 'stop', text: ''};
}
