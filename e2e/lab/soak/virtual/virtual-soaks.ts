import type {Soak} from '../soak.ts';

type VirtualSoak = {readonly meaning: string; readonly load: () => Promise<Soak>};

/** Long runs in virtual time, by name: pure arithmetic, each loaded only when it is asked for. */
export const VIRTUAL_SOAKS: Readonly<Record<string, VirtualSoak>> = {
  'churn-hour': {
    meaning: '200 tabs that come and go for an hour while 5,000 answers are given (virtual time)',
    load: async () => (await import('./churn-hour.ts')).soakChurnHour,
  },
  'stable-hour': {
    meaning: '200 tabs that stay for an hour: nobody may move (virtual time)',
    load: async () => (await import('./stable-hour.ts')).soakStableHour,
  },
  'even-swarms': {
    meaning: '20 equal tabs, 240 seeds: they spread within one of even (virtual time)',
    load: async () => (await import('./even-swarms.ts')).soakEvenSwarms,
  },
  'thousand-joins': {
    meaning: '1,024 tabs that join within a second (virtual time)',
    load: async () => (await import('./thousand-joins.ts')).soakThousandJoins,
  },
  'stale-clients': {
    meaning: 'clients whose records are 2 s old lose little (virtual time)',
    load: async () => (await import('./stale-clients.ts')).soakStaleClients,
  },
};
