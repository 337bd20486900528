import {expect, test} from '@playwright/test';
import {DEPARTURES} from '../load/churn/churning-tabs.ts';
import {CHURN_CLIENTS, MOST_CHANNELS, runChurn} from '../load/churn/run-churn.ts';

/** Sixty departures and 500 answers: `npm run soak -- churn`. */
const SIZE = {
  lenders: 4,
  layersPerTab: 15,
  departures: DEPARTURES.length,
  answers: 18,
  isWarmedUp: false,
};

test('[RC7] tabs leave in every way and come back, and so does the server: every answer has its tokens, and nothing is left of who is gone', async () => {
  const {signal} = new AbortController();
  const {departed, answered, wrong, lost, after} = await runChurn({size: SIZE, seed: 1, signal});
  expect({wrong, lost}).toEqual({wrong: [], lost: []});
  expect({departed, answered}).toEqual({departed: SIZE.departures, answered: SIZE.answers});
  for (const {connections, subflows, channels, linksWithGone, openSessions} of after) {
    expect({linksWithGone, openSessions}).toEqual({linksWithGone: 0, openSessions: 0});
    expect(connections).toBeLessThan(SIZE.lenders + CHURN_CLIENTS);
    expect(subflows).toBeLessThanOrEqual(2 * connections);
    expect(channels).toBeLessThanOrEqual(MOST_CHANNELS * connections);
  }
});
