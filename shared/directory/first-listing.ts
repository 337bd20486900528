import type {Directory} from './directory.ts';

/**
 * Resolves when the list of a server has been read to its end, or when `signal`
 * aborts: before, a list that is empty says nothing of the swarm.
 */
export async function firstListing(
  directory: Directory,
  {signal}: {readonly signal: AbortSignal},
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const look = (): void => {
    if (signal.aborted || directory.list().state === 'reachable') over.resolve();
  };
  const unsubscribe = directory.subscribe(look);
  signal.addEventListener('abort', look);
  look();
  await over.promise;
  signal.removeEventListener('abort', look);
  unsubscribe();
}
