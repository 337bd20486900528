type Layers = {readonly startLayer: number; readonly endLayer: number};
type LostLink = {readonly peerId: string; readonly loss: 'closed' | 'silent' | 'violation'};

/**
 * One change in the life of this tab, for whoever watches it: the console, or a program that
 * drives the tab. It names peers, layers and codes, never anything that was asked or answered.
 */
export type TabEvent =
  /** In the swarm: it can ask. */
  | {readonly event: 'joined'; readonly peerId: string}
  /** No signal server tells it who is there; it goes on with what it knows. */
  | {readonly event: 'directory-lost'}
  | {readonly event: 'directory-back'; readonly awayMs: number}
  /** Has published which layers it wants. */
  | (Layers & {readonly event: 'claimed'; readonly why: string})
  | (Layers & {readonly event: 'loading'})
  | (Layers & {readonly event: 'serving'; readonly engine: string})
  /** In the swarm without layers: the others hold all that it could. */
  | {readonly event: 'spare'}
  /** Its engine stopped, for this reason; another one is started, and layers are claimed and loaded again. */
  | {readonly event: 'engine-lost'; readonly message: string}
  /** Answers that its hop refused or had to end since the last such event, by code. */
  | {readonly event: 'refused'; readonly counts: Readonly<Record<string, number>>}
  /** Links that ended since the last such event; `violation`: the peer had broken a promise. */
  | {readonly event: 'links-lost'; readonly links: readonly LostLink[]}
  /** Its links are opened again, on the thread of the page. */
  | {readonly event: 'link-worker-lost'; readonly code: string; readonly message: string}
  /** Takes nothing more on, and lets the answers that run come to their end. */
  | (Layers & {readonly event: 'leaving'; readonly openSessions: number})
  /** Lends nothing any more. */
  | {readonly event: 'left'}
  /** Has given up, for this reason, and lends nothing. */
  | {readonly event: 'failed'; readonly code: string; readonly message: string};

/** `warn`: it goes on and tries again; `error`: it has given up. */
export type TabEventLevel = 'info' | 'warn' | 'error';

const LEVELS: Readonly<Record<TabEvent['event'], TabEventLevel>> = {
  joined: 'info',
  'directory-lost': 'warn',
  'directory-back': 'info',
  claimed: 'info',
  loading: 'info',
  serving: 'info',
  spare: 'info',
  'engine-lost': 'warn',
  refused: 'warn',
  'links-lost': 'warn',
  'link-worker-lost': 'warn',
  leaving: 'info',
  left: 'info',
  failed: 'error',
};

export function levelOf({event}: TabEvent): TabEventLevel {
  return LEVELS[event];
}
