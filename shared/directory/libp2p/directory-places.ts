import {DIRECTORY_PROTOCOL} from '../../protocol/directory-message.ts';
import type {Libp2p} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import {asPeerId, type PeerId} from '../../base/ids.ts';
import type {DirectoryReply} from '../../protocol/directory-message.ts';
import {newestDirectConnection} from '../../transport/direct-path.ts';
import type {NamedServers} from '../../transport/server-link/named-servers.ts';
import type {RecordSource} from '../records/record-table.ts';
import {DirectoryError} from '../directory.ts';
import {followServer, readOnce} from './follow-server.ts';
import type {Patience} from './read-list.ts';
import {WorkBudget} from './work-budget.ts';

/** Strangers come and go without an event of their own. */
const CHECK_MS = 1_000;
/** Tabs in contact whose lists are read while no named server answers. */
const MAX_HINTS = 8;
/** What a named server's list may take of this page's time, and what those of all strangers may. */
const NAMED_WORK = {share: 0.1, burstMs: 30};
const HINT_WORK = {share: 0.02, burstMs: 10};

/** A list is read for so many records after every place is taken, and again after a while. */
const MAX_PLACELESS = 128;

/** A list that is being read. */
export type Place = {
  readonly source: RecordSource;
  readonly budget: WorkBudget;
  readonly stopping: AbortController;
  /** The whole list was read, and goes on. */
  isListening: boolean;
  /** Records of this stream that there is no place for. */
  placelessCount: number;
};

type Options = {
  readonly libp2p: Libp2p;
  readonly prefix: string;
  readonly servers: NamedServers;
  readonly patience?: Patience | undefined;
  /** @returns how many records were listed that there is no place for. */
  readonly onReply: (reply: DirectoryReply, place: Place) => Promise<number>;
  /** `isListening` of a place has changed. */
  readonly onChange: (place: Place) => void;
};

/**
 * Whose lists are read: every server that the bootstrap names, whoever else is
 * connected, and eight strangers at most while none of those answers.
 */
export class DirectoryPlaces {
  readonly #options: Options;
  readonly #places = new Map<PeerId, Place>();
  /** Connected strangers that claim to have a list; the one asked last comes last. */
  readonly #strangers = new Set<PeerId>();
  readonly #hintBudget = new WorkBudget(HINT_WORK);
  #topologyId = '';
  #isStopped = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #unsubscribe: () => void = () => undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const {libp2p, servers} = this.#options;
    this.#topologyId = await libp2p.register(DIRECTORY_PROTOCOL, {
      onConnect: (peer) => {
        this.#strangers.add(asPeerId(peer.toString()));
        this.#assign();
      },
      onDisconnect: (peer) => void this.#strangers.delete(asPeerId(peer.toString())),
    });
    this.#unsubscribe = servers.onServersChanged(() => this.#assign());
    this.#timer = setInterval(() => this.#assign(), CHECK_MS);
    this.#assign();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#unsubscribe();
    this.#options.libp2p.unregister(this.#topologyId);
    for (const {stopping} of this.#places.values()) stopping.abort();
    this.#places.clear();
  }

  /** Whether the whole list of a named server was read, and goes on. */
  get isReachable(): boolean {
    return [...this.#places.values()].some(
      ({source, isListening}) => source.kind === 'named' && isListening,
    );
  }

  /** Whose lists are read in full, and go on, though nobody names them: they keep records while no server does. */
  get contacts(): readonly PeerId[] {
    return [...this.#places]
      .filter(([, {source, isListening}]) => source.kind === 'hint' && isListening)
      .map(([peer]) => peer);
  }

  #assign(): void {
    if (this.#isStopped) return;
    const named = this.#options.servers.namedServers().map(({peerId}) => peerId);
    const {isReachable} = this;
    for (const [peer, place] of this.#places) {
      const isNamed = named.includes(peer);
      if (place.source.kind === 'named' ? !isNamed : isNamed || isReachable) this.#end(peer, place);
    }
    for (const server of named) if (!this.#places.has(server)) this.#follow(server);
    if (isReachable) return;
    const strangers = [...this.#strangers]; // Whoever is asked moves to the end.
    for (const peer of strangers) {
      if (this.#places.size >= named.length + MAX_HINTS) return;
      if (!this.#places.has(peer)) this.#ask(peer);
    }
  }

  /** Reads the list of a named server for as long as it is named. */
  #follow(server: PeerId): void {
    const {libp2p, servers} = this.#options;
    const place = this.#take(server, 'named', new WorkBudget(NAMED_WORK));
    const {onReply, ...reading} = this.#readingOf(place);
    void followServer({
      ...reading,
      libp2p,
      server,
      onReply: async (reply) => {
        servers.heard(server);
        await onReply(reply);
      },
      onLost: () => {
        place.placelessCount = 0;
        this.#setListening(place, false);
      },
      onSilence: () => servers.suspect(server),
    });
  }

  /** Reads the list of a stranger until it ends; then its place is free for the next one. */
  #ask(peer: PeerId): void {
    const connection = newestDirectConnection(this.#options.libp2p, peerIdFromString(peer));
    if (connection === null) return;
    this.#strangers.delete(peer);
    this.#strangers.add(peer);
    const place = this.#take(peer, 'hint', this.#hintBudget);
    void readOnce(connection, {...this.#readingOf(place), onSilence: () => undefined}).finally(
      () => {
        this.#end(peer, place);
      },
    );
  }

  #take(peer: PeerId, kind: 'named' | 'hint', budget: WorkBudget): Place {
    const source = {name: peer, kind};
    const place = {
      source,
      budget,
      stopping: new AbortController(),
      isListening: false,
      placelessCount: 0,
    };
    this.#places.set(peer, place);
    return place;
  }

  #end(peer: PeerId, place: Place): void {
    place.stopping.abort();
    if (this.#places.get(peer) === place) this.#places.delete(peer);
    this.#setListening(place, false);
  }

  #readingOf(place: Place) {
    const {prefix, patience, onReply} = this.#options;
    const {signal} = place.stopping;
    return {
      prefix,
      patience,
      signal,
      onReply: async (reply: DirectoryReply): Promise<void> => {
        place.placelessCount += await onReply(reply, place);
        const isFlood = place.placelessCount > MAX_PLACELESS;
        if (!signal.aborted && (reply.complete || isFlood)) this.#setListening(place, true);
        if (!isFlood) return;
        place.placelessCount = 0;
        throw flooded(place.source.name);
      },
    };
  }

  #setListening(place: Place, isListening: boolean): void {
    if (place.isListening === isListening) return;
    place.isListening = isListening;
    this.#options.onChange(place);
    if (place.source.kind === 'named' && !place.stopping.signal.aborted) this.#assign();
  }
}

function flooded(server: string): DirectoryError {
  return new DirectoryError(
    {code: 'DIRECTORY_FLOODED', server},
    `Stopped reading the list of server "${server}": it goes on for more records than there are places`,
  );
}
