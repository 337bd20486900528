import {atLeast, atMost, type Check} from '#shared/lab/virtual-swarm/checks.ts';
import {
  CHURN_CLIENTS,
  MOST_CHANNELS,
  runChurn,
  type ChurnSize,
  type PageState,
} from '../../load/churn/run-churn.ts';
import type {Soak} from './soak.ts';

const SIZE: ChurnSize = {
  lenders: 8,
  layersPerTab: 10,
  departures: 60,
  answers: 500,
  isWarmedUp: true,
};
const MAX_HELD_GROWTH = 1.1;
const MAX_LISTENER_GROWTH = 1.5;

/**
 * Tabs come and go in every way, and the server once, while two clients ask without a break: every answer has
 * its tokens, and whoever was there all the time holds no more in the end than in the beginning.
 */
export const soakChurn: Soak = async ({seed}, {signal}) => {
  const outcome = await runChurn({size: SIZE, seed, signal});
  const {answered, lost, wrong, before, after} = outcome;
  return {
    checks: [
      atLeast('answers given', answered, SIZE.answers),
      atMost('answers lost', lost.length, 0),
      atMost('answers with a wrong token', wrong.length, 0),
      ...before.flatMap((first, at) => grownChecks(first, after[at] ?? first)),
    ],
    figures: {...outcome},
  };
};

function grownChecks(before: PageState, after: PageState): Check[] {
  return [
    atMost('peer connections', after.connections, SIZE.lenders + CHURN_CLIENTS - 1),
    atMost('second subflows', after.subflows, 2 * after.connections),
    atMost('links with tabs that are gone', after.linksWithGone, 0),
    atMost('open sessions', after.openSessions, 0),
    // Some more or fewer tabs may be in contact now.
    atMost('data channels of a connection', perConnection(after, 'channels'), MOST_CHANNELS),
    atMost(
      'event listeners of a connection, of those before',
      perConnection(after, 'listeners') / perConnection(before, 'listeners'),
      MAX_LISTENER_GROWTH,
    ),
    atMost(
      'bytes held, of those before',
      (after.heldBytes ?? Infinity) / (before.heldBytes ?? 1),
      MAX_HELD_GROWTH,
    ),
  ];
}

function perConnection(counts: PageState, of: 'channels' | 'listeners'): number {
  return counts[of] / Math.max(1, counts.connections);
}
