import {WeftError} from '#shared/base/errors.ts';
import type {NotKept} from '../load-progress.ts';

/** Weights could not be written, and nothing is kept under the name of their file now. */
export class NotKeptError extends WeftError<{
  readonly code: 'WEIGHTS_NOT_KEPT';
  readonly why: NotKept;
}> {
  override readonly name = 'NotKeptError';
}

/** The weights of one model file on this device: files of bytes, shared by all tabs of the site. */
export interface WeightStore {
  /** `null` when nothing is kept under this name. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /**
   * Writes bytes into a file, which ends behind them then.
   *
   * @param atByte at most the length of the file.
   * @throws {NotKeptError}
   */
  write(name: string, bytes: Uint8Array<ArrayBuffer>, atByte: number): Promise<void>;
  /** Resolves also when nothing is there. */
  delete(name: string): Promise<void>;
  /** Runs `action` while no other tab does so under this name; waits for that a limited time only. */
  alone<T>(name: string, action: () => Promise<T>): Promise<T>;
}
