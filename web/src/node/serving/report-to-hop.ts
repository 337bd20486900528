import type {SessionId} from '#shared/base/ids.ts';
import type {SessionEvent} from '#shared/session/serve-hop/hop-session/hop-event.ts';

/** Tells the machine what became of an action. */
export type ReportToHop = (sessionId: SessionId, event: Outcome) => void;

type Outcome =
  | Extract<SessionEvent, {readonly kind: 'reserved' | 'linked'}>
  | Omit<Extract<SessionEvent, {readonly kind: 'broken'}>, 'nowMs'>;
