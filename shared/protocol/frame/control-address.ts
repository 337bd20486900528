import type {SessionId} from '../../base/ids.ts';

/** The header of a control frame: whose session, and which hop of its chain. */
export type ControlAddress = {
  readonly sessionId: SessionId;
  readonly epoch: number;
  readonly hopIndex: number;
};
