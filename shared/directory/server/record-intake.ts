import type {PutRefusal, PutReply} from '../../protocol/put-message.ts';
import type {RecordStore} from './record-store.ts';
import {
  openRecord,
  ownerOfKey,
  RecordRefusedError,
  type SealedRecord,
} from '../records/signed-record.ts';

/** The peer that offers a record: the other end of one connection. */
export type Offerer = {
  readonly peerId: string;
  /** Identities behind one address share what a full store has room for. */
  readonly address: string;
  /** Whether the connection is still open: a record of somebody who has left would stay. */
  readonly isHere: () => boolean;
};

type Options = {
  readonly store: RecordStore;
  /** Unix ms. */
  readonly now: () => number;
  /** Other servers of the swarm, which may hand on what others wrote. */
  readonly peerServerIds?: ReadonlySet<string>;
  /** Asked before a signature is checked; resolves when it may be, `false` when there are too many. */
  readonly mayVerify?: (by: Offerer) => Promise<boolean>;
  readonly onRefused?: (code: PutRefusal, by: Offerer) => void;
};

/**
 * The one way into a record store, whatever protocol an offer came by.
 *
 * A record is taken from its own owner or from a peer server only: nobody can
 * bring back what others have ended, or fill the store with identities that
 * nobody is connected under.
 */
export class RecordIntake {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  async offer(sealed: SealedRecord, by: Offerer): Promise<PutReply> {
    const code = await this.#refusalOf(sealed, by);
    if (code === null) return {kind: 'stored'};
    this.#options.onRefused?.(code, by);
    return {kind: 'refused', code};
  }

  async #refusalOf(sealed: SealedRecord, by: Offerer): Promise<PutRefusal | null> {
    const {store, mayVerify, now} = this.#options;
    if (!this.#mayOffer(sealed.key, by)) return 'RECORD_NOT_YOURS';
    if (mayVerify !== undefined && !(await mayVerify(by))) return 'RATE_LIMITED';
    try {
      await openRecord(sealed, now());
    } catch (error) {
      if (error instanceof RecordRefusedError) return error.detail.code;
      throw error;
    }
    if (!by.isHere()) return 'RECORD_NOT_YOURS';
    return store.offer(sealed, by.address);
  }

  #mayOffer(key: string, {peerId}: Offerer): boolean {
    return ownerOfKey(key) === peerId || (this.#options.peerServerIds?.has(peerId) ?? false);
  }
}
