/** Browsers that block storage, or have no room, throw a SecurityError or QuotaExceededError: then nothing is kept. */
export function attemptStorage<T>(access: () => T): T | null {
  try {
    return access();
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}
