import {asSwarmId, type SwarmId} from '../base/ids.ts';

/** The swarm of a server that nobody configured. */
export const PUBLIC_SWARM = asSwarmId('public');
/** A swarm that says of itself that it is a test. */
export const TEST_SWARM = asSwarmId('test');

/** The engine class of stand-ins: they have no weights, and what they say is no answer. */
export const STAND_IN_CLASS = 'stub';

/** Whether nodes may serve there that only look like an engine. */
export function allowsStandIns(swarmId: SwarmId): boolean {
  return swarmId === TEST_SWARM;
}
