import type {NodeRecord} from '../protocol/node-record.ts';
import type {Directory, DirectoryView} from './directory.ts';

const MIN_INTERVAL_MS = 250;
/** Expiry is no event: look for it this often. */
const EXPIRY_CHECK_MS = 1_000;

export type SnapshotFeed = {
  /** Live records sorted by peer id, as of the last emission. */
  current(): readonly NodeRecord[];
  close(): void;
};

type Options = {
  readonly directory: Directory;
  readonly onRecords: (records: readonly NodeRecord[], state: DirectoryView['state']) => void;
};

/** At most four pictures a second of a directory, the first at once; silent while nothing changes. */
export function startSnapshotFeed({directory, onRecords}: Options): SnapshotFeed {
  let last = '';
  let records: readonly NodeRecord[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastEmitMs = -Infinity;

  const emit = () => {
    timer = undefined;
    const view = directory.list();
    const version = `${view.state} ${view.records.map(({peerId, seq}) => `${peerId} ${seq}`).join()}`;
    if (version === last) return;
    last = version;
    lastEmitMs = performance.now();
    records = view.records;
    onRecords(records, view.state);
  };
  const changed = () => {
    const waitMs = Math.max(0, lastEmitMs + MIN_INTERVAL_MS - performance.now());
    timer ??= setTimeout(emit, waitMs);
  };
  const unsubscribe = directory.subscribe(changed);
  const expiryTimer = setInterval(changed, EXPIRY_CHECK_MS);
  emit();

  return {
    current: () => records,
    close: () => {
      unsubscribe();
      clearTimeout(timer);
      clearInterval(expiryTimer);
    },
  };
}
