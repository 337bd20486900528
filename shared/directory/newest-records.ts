import {Listeners} from '../base/listeners.ts';
import type {PeerId} from '../base/ids.ts';
import type {Directory, DirectoryView} from './directory.ts';
import {startSnapshotFeed, type SnapshotFeed} from './snapshot-feed.ts';
import type {NodeRecord} from '../protocol/node-record.ts';

/** The live records of the swarm as this node last saw them, and who wants to hear of changes. */
export class NewestRecords {
  readonly #feed: SnapshotFeed;
  readonly #listeners = new Listeners();
  #records: readonly NodeRecord[] = [];
  #byOwner: ReadonlyMap<PeerId, NodeRecord> = new Map();
  #state: DirectoryView['state'] = 'unreachable';

  constructor(directory: Pick<Directory, 'list' | 'subscribe'>) {
    this.#feed = startSnapshotFeed({
      directory,
      onRecords: (records, state) => {
        this.#state = state;
        this.#records = records;
        this.#byOwner = new Map(records.map((record) => [record.peerId, record]));
        this.#listeners.call();
      },
    });
  }

  get all(): readonly NodeRecord[] {
    return this.#records;
  }

  /** Whether they came from a server, when they were last read. */
  get state(): DirectoryView['state'] {
    return this.#state;
  }

  has(peerId: PeerId): boolean {
    return this.#byOwner.has(peerId);
  }

  /** `null` without a record. */
  addressesOf(peerId: PeerId): readonly string[] | null {
    return this.#byOwner.get(peerId)?.addresses ?? null;
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  close(): void {
    this.#feed.close();
    this.#listeners.clear();
  }
}
