import {WeftError} from '../base/errors.ts';
import type {NodeRecord} from '../protocol/node-record.ts';
import type {PutRefusal} from '../protocol/put-message.ts';
import type {SealedRecord} from './records/signed-record.ts';

/**
 * The records of one model in one swarm, as far as this node knows them.
 * Every adapter runs `directory.contract.ts`.
 */
export interface Directory {
  /**
   * Stores a record where others find it, and in the own list at once.
   *
   * @throws {RecordRefusedError} when no reader would accept it.
   * @throws {DirectoryError} when no server took it; its owner tries again. The code is the
   *   servers' own if one gave a reason, else `DIRECTORY_UNREACHABLE`.
   */
  publish(sealed: SealedRecord, options: {readonly signal: AbortSignal}): Promise<void>;
  /** Live records, sorted by peer id. Empty is not the same as `unreachable`. */
  list(): DirectoryView;
  /** Calls `listener` after any change of what `list()` returns, but for mere expiry. */
  subscribe(listener: () => void): () => void;
  close(): Promise<void>;
}

export type DirectoryView = {
  readonly records: readonly NodeRecord[];
  /** `unreachable`: no server answers; records stay until they expire. */
  readonly state: 'reachable' | 'unreachable';
};

type Detail =
  | {readonly code: 'DIRECTORY_UNREACHABLE'; readonly key: string}
  /** What a server answered, when none stored the record. */
  | {readonly code: PutRefusal; readonly key: string}
  | {readonly code: 'DIRECTORY_SILENT'; readonly server: string; readonly waitedMs: number}
  | {readonly code: 'DIRECTORY_FLOODED'; readonly server: string}
  | {readonly code: 'DIRECTORY_CLOSED'};

export class DirectoryError extends WeftError<Detail> {
  override readonly name = 'DirectoryError';
}
