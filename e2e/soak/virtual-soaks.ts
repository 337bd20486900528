import type {Soak} from './soak.ts';

/** Long runs in virtual time, by name: pure arithmetic, each loaded only when it is asked for. */
export const VIRTUAL_SOAKS: Readonly<Record<string, () => Promise<Soak>>> = {
  'churn-hour': async () => (await import('./churn-hour.ts')).soakChurnHour,
  'stable-hour': async () => (await import('./stable-hour.ts')).soakStableHour,
  'thousand-joins': async () => (await import('./thousand-joins.ts')).soakThousandJoins,
  'stale-clients': async () => (await import('./stale-clients.ts')).soakStaleClients,
};
