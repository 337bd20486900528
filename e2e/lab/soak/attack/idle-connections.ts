import type {Attack} from './attack-plan.ts';

const OPENED_AT_ONCE = 16;

/** libp2p connections that finish their handshake and then do nothing. */
export const idleConnections: Attack = async ({nodes, counts, over}) => {
  let tried = 0;
  let taken = 0;
  let opening = 0;
  const openSome = async (): Promise<void> => {
    while (taken + opening < counts.idleConnections && !over.aborted) {
      tried += 1;
      opening += 1;
      try {
        await nodes.open({}, {signal: over});
        taken += 1;
      } catch {
        // It is over.
      } finally {
        opening -= 1;
      }
    }
  };
  await Promise.all(Array.from({length: OPENED_AT_ONCE}, openSome));
  return {kind: 'idle connections', tried, taken};
};
