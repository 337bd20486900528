import type {NodeRecord} from '../protocol/node-record.ts';
import type {Directory, DirectoryView} from './directory.ts';

const MIN_INTERVAL_MS = 250;
/** So many times as long as the work on one picture took, the next one is not made. */
const REST_FACTOR = 20;
/** What took longer was interrupted, by the system or by other work. */
const MAX_WORK_MS = 25;
/** Expiry is no event: look for it this often. */
const EXPIRY_CHECK_MS = 1_000;

export type SnapshotFeed = {
  /** Live records sorted by peer id, as of the last emission. */
  current(): readonly NodeRecord[];
  close(): void;
};

type Options = {
  readonly directory: Pick<Directory, 'list' | 'subscribe'>;
  readonly onRecords: (records: readonly NodeRecord[], state: DirectoryView['state']) => void;
};

/**
 * At most four pictures a second of a directory, the first at once; silent while nothing changes.
 * Fewer when the work on one, with all that is planned from it, takes more than a twentieth of the time.
 */
export function startSnapshotFeed({directory, onRecords}: Options): SnapshotFeed {
  let last = '';
  let records: readonly NodeRecord[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let nextEmitMs = -Infinity;

  const emit = () => {
    timer = undefined;
    const startMs = performance.now();
    const view = directory.list();
    const version = `${view.state} ${view.records.map(({peerId, seq}) => `${peerId} ${seq}`).join()}`;
    if (version === last) return;
    last = version;
    records = view.records;
    onRecords(records, view.state);
    const endMs = performance.now();
    const workMs = Math.min(endMs - startMs, MAX_WORK_MS);
    nextEmitMs = endMs + Math.max(MIN_INTERVAL_MS, workMs * REST_FACTOR);
  };
  const changed = () => {
    const waitMs = Math.max(0, nextEmitMs - performance.now());
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
