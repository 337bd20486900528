import {expect} from '@playwright/test';

type Heard = {
  readonly nodes: readonly unknown[];
  readonly tabEvents: readonly {readonly tab: string; readonly event: string}[];
};

/** Each lending tab reports how it came to serve, and `failed` as often as in `lastWords`. */
export function expectLivesHeard({tabEvents, nodes}: Heard, lastWords: readonly string[]): void {
  const ends = nodes.map((_, index) => {
    const events = tabEvents.filter(({tab}) => tab === `lender-${index}`).map(({event}) => event);
    // A claim may be lost to another tab, and a second one made; a busy machine loses its server for a moment.
    const coming = [...new Set(events.slice(0, events.indexOf('serving') + 1))].filter(
      (event) => !event.startsWith('directory-'),
    );
    expect(coming).toEqual(['joined', 'claimed', 'loading', 'serving']);
    return events.slice(events.indexOf('serving') + 1);
  });
  expect(ends.flat().filter((event) => event === 'failed')).toEqual(lastWords);
  expect(tabEvents.filter(({tab}) => tab === 'client-0')[0]?.event).toBe('joined');
}
