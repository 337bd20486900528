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
      const memoryMiB = Number(attempt(() => storage().getItem(KEY)) ?? Number.NaN);
      return Number.isInteger(memoryMiB) && memoryMiB > 0 ? memoryMiB : null;
    },
    write: (memoryMiB) => {
      attempt(() => {
        storage().setItem(KEY, String(memoryMiB));
      });
    },
  };
}

/** Browsers that block storage throw a SecurityError or QuotaExceededError: the cap is then for this visit. */
function attempt<T>(access: () => T): T | null {
  try {
    return access();
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}
