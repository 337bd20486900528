import {attemptStorage} from './attempt-storage.ts';

/** How much memory a person lends from this device, as last chosen. */
export interface MemoryCap {
  /** MiB; `null` when nothing was chosen yet. */
  read(): number | null;
  write(memoryMiB: number): void;
}

const KEY = 'weft.memoryMiB';

/** Remembers in the browser's storage; where that is closed, remembers nothing and says nothing. */
export function rememberMemoryCap(storage: () => Storage): MemoryCap {
  return {
    read: () => {
      const memoryMiB = Number(attemptStorage(() => storage().getItem(KEY)) ?? Number.NaN);
      return Number.isInteger(memoryMiB) && memoryMiB > 0 ? memoryMiB : null;
    },
    write: (memoryMiB) => {
      attemptStorage(() => {
        storage().setItem(KEY, String(memoryMiB));
      });
    },
  };
}
