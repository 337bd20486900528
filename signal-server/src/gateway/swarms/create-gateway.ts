import {setTimeout as wait} from 'node:timers/promises';
import type {Connection, Libp2p} from '@libp2p/interface';
import {SharedLoad} from '#shared/base/shared-load.ts';
import type {SwarmId} from '#shared/base/ids.ts';
import type {ChatService} from '#shared/client/chat/chat-service.ts';
import {createChat} from '#shared/client/chat/create-chat.ts';
import type {GenerationClient} from '#shared/client/generation-client.ts';
import {TokenIdsOnlyError} from '#shared/client/chat/token-ids-only-error.ts';
import type {Vocabulary} from '#shared/client/model/vocabulary.ts';
import {tokenTableOf} from '#shared/client/vocabulary/token-table.ts';
import {
  findOffered,
  loadCatalog,
  loadOffered,
  type OfferedModel,
} from '#shared/client/model/load-manifest.ts';
import {VocabularyBuilder} from '#shared/client/vocabulary/vocabulary-builder.ts';
import {NewestRecords} from '#shared/directory/newest-records.ts';
import {recordPrefix} from '#shared/directory/records/signed-record.ts';
import type {NewestRecordDatastore} from '#shared/directory/server/newest-record-datastore.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {CatalogEntry} from '#shared/model/manifest/catalog.ts';
import {snapshotOf, type SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import {openLibp2pStreamTransport} from '#shared/transport/libp2p-stream-transport.ts';
import {routeFrames} from '#shared/transport/post/route-frames.ts';
import type {Transport} from '#shared/transport/transport.ts';
import {heldDirectory} from '../../directory/held-directory.ts';
import type {RecordReader} from '../../directory/record-reader.ts';
import type {GrammarTokens} from '../grammar/grammar-messages.ts';
import {GrammarThreads} from '../grammar/grammar-threads.ts';
import {CallerQueue, type TurnCounts} from '../turns/caller-queue.ts';
import {KeptCatalog} from './kept-catalog.ts';
import {sessionCapacity} from './session-capacity.ts';
import {openVocabularyThread} from '../vocabulary/open-vocabulary-thread.ts';

/** What a gateway needs of the server that it is a part of. */
export type GatewayHost = {
  readonly libp2p: Libp2p;
  readonly datastore: Pick<NewestRecordDatastore, 'list' | 'onStored' | 'onDropped'>;
  readonly reader: RecordReader;
  readonly swarmId: SwarmId;
  /** Unix ms. */
  readonly nowMs: () => number;
  /** Where this process finds its own site; ends with a slash. */
  readonly siteUrl: string;
};

/** One model, as callers of the gateway ask it. */
export type AskedModel = {
  /** By the catalogue. */
  readonly id: string;
  readonly manifestHash: string;
  readonly vocabularySize: number;
  readonly endTokenIds: readonly number[];
  readonly chat: {
    readonly service: ChatService;
    readonly vocabulary: () => Promise<Pick<Vocabulary, 'tokenBytes' | 'toolCallFormat'> | null>;
  };
  /** Where grammars that its answers follow are made. */
  readonly grammars: GrammarThreads;
  /** Whose turn it is at the sessions that the swarm of this model has for one client. */
  readonly queue: CallerQueue;
};

export type Gateway = {
  /** Ids of the models that are offered. */
  readonly modelIds: () => Promise<readonly string[]>;
  /** @throws {WeftError} `MODEL_UNKNOWN`, and what keeps this server from its own files. */
  readonly model: (id: string) => Promise<AskedModel>;
  readonly counts: () => TurnCounts;
  readonly close: () => Promise<void>;
};

const UNTIL_DONE = {signal: new AbortController().signal};

/**
 * The part of a signal server that asks: one more client of each swarm, which holds no layers. Its frames,
 * token ids and nothing else, go over the WebSockets that tabs hold to this server: nobody is dialled.
 */
export async function createGateway(host: GatewayHost): Promise<Gateway> {
  const transport = await openLibp2pStreamTransport({
    libp2p: host.libp2p,
    addressesOf: () => [],
    takesStrangers: false,
    onFlood: (connection: Connection, why) => {
      connection.abort(new Error(why));
    },
  });
  const vocabularies = new VocabularyBuilder(openVocabularyThread);
  const swarms = new Map<string, SharedLoad<GatewaySwarm>>();
  const opened: GatewaySwarm[] = [];
  const catalog = new KeptCatalog(
    async () => loadCatalog(host.siteUrl, UNTIL_DONE),
    () => performance.now(),
  );
  const stopRouting = routeFrames(transport, {
    client: {
      receive: (from, frame) => opened.some(({client}) => client.receive(from, frame)),
    },
    hop: () => null,
    onMalformed: () => undefined, // It cost its sender a part of what its connection may say.
  });
  const open = async (entry: CatalogEntry): Promise<GatewaySwarm> => {
    const offered = await loadOffered(host.siteUrl, entry, UNTIL_DONE);
    const swarm = openSwarm(host, {id: entry.id, offered, transport, vocabularies});
    opened.push(swarm);
    return swarm;
  };
  return {
    modelIds: async () => (await catalog.newest()).map(({id}) => id),
    model: async (id) => {
      const known = await catalog.known();
      const isKnown = known.some((each) => each.id === id);
      const entry = findOffered(isKnown ? known : await catalog.newest(), id);
      // A site that offers another file under a name it had is another swarm.
      const name = `${entry.id} ${entry.manifestHash}`;
      const loading = swarms.get(name) ?? new SharedLoad(() => open(entry));
      swarms.set(name, loading);
      return await loading.get();
    },
    counts: () => {
      const sum = {running: 0, waiting: 0};
      for (const {queue, grammars} of opened) {
        sum.running += queue.counts.running;
        sum.waiting += queue.counts.waiting + grammars.waitingCount;
      }
      return sum;
    },
    close: async () => {
      stopRouting();
      vocabularies.close();
      for (const {close} of opened) close();
      await transport.close();
    },
  };
}

type GatewaySwarm = AskedModel & {
  readonly client: Pick<GenerationClient, 'receive'>;
  readonly close: () => void;
};

/** What a grammar is made of, besides itself. @throws {TokenIdsOnlyError} */
async function grammarTokens(
  chat: AskedModel['chat'],
  {vocabularySize, endTokenIds}: Pick<ModelSpec, 'vocabularySize' | 'endTokenIds'>,
): Promise<GrammarTokens> {
  const vocabulary = await chat.vocabulary();
  if (vocabulary === null) throw new TokenIdsOnlyError();
  const {tokenBytes} = vocabulary;
  return {table: tokenTableOf({vocabularySize, tokenBytes}), endTokenIds};
}

function openSwarm(
  host: GatewayHost,
  {
    id,
    offered,
    transport,
    vocabularies,
  }: {
    readonly id: string;
    readonly offered: OfferedModel;
    readonly transport: Transport;
    readonly vocabularies: VocabularyBuilder;
  },
): GatewaySwarm {
  const {datastore, reader, swarmId, nowMs} = host;
  const {manifest, manifestHash} = offered;
  const prefix = recordPrefix(swarmId, manifestHash);
  const records = new NewestRecords(heldDirectory({datastore, reader, prefix}));
  let last: SwarmSnapshot | null = null;
  const snapshot = (): SwarmSnapshot => {
    last = snapshotOf(records.all, nowMs(), last);
    return last;
  };
  const chat = createChat(
    {
      model: offered,
      transport,
      nowMs,
      snapshot,
      records: () => records.all,
      onSnapshot: (listener) => records.subscribe(listener),
    },
    {build: vocabularies.build},
  );
  const grammars = new GrammarThreads({tokens: () => grammarTokens(chat, manifest.spec)});
  const queue = new CallerQueue({
    capacity: () => sessionCapacity(snapshot(), manifest.spec.layerCount),
    nowMs: () => performance.now(),
    wait,
    waitsFor: 'the tabs of this swarm',
  });
  records.subscribe(() => {
    queue.look();
  });
  return {
    id,
    manifestHash,
    vocabularySize: manifest.spec.vocabularySize,
    endTokenIds: manifest.spec.endTokenIds,
    chat,
    grammars,
    client: chat.client,
    queue,
    close: () => {
      records.close();
      queue.close();
      grammars.close();
    },
  };
}
