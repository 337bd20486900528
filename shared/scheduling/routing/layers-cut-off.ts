import type {CutGrid} from '#shared/model/cut-grid.ts';
import {joinLayers} from '../join-layers.ts';
import type {MissingLayers} from '../scheduling-event.ts';
import type {SwarmSnapshot} from '../swarm-snapshot.ts';
import type {ChainHop} from './chain.ts';
import {routeIndexOf} from './route-index.ts';
import {hopsOf, searchChains} from './search-chains.ts';

/** More than all else in a chain: the one over the fewest links that are not there is the shortest. */
const CUT_OFF_RTT_MS = 1e12;

const whole = new WeakMap<SwarmSnapshot['indexOf'], SwarmSnapshot>();

/**
 * Each layer has a server, yet no chain exists: some of them cannot reach each other. Named are the layers at
 * both ends of the links that a chain lacks, as few as can be.
 */
export function layersCutOff(
  snapshot: SwarmSnapshot,
  grid: CutGrid,
  {state}: {readonly state: Uint8Array},
): readonly MissingLayers[] {
  const index = routeIndexOf(wholeOf(snapshot), grid);
  const nothing = new Float64Array(state.length);
  const free = {state, layerMs: nothing, hopMs: nothing, sendMs: nothing};
  const [chain] = searchChains(index, free, 1);
  const hops = chain === undefined ? [] : hopsOf(chain, index);
  const isLinked = (from: ChainHop | undefined, to: ChainHop | undefined) =>
    snapshot.rttMs(placeOf(snapshot, from), placeOf(snapshot, to)) < Infinity;
  const ends = hops.filter(
    (hop, k) => !isLinked(hops.at(k - 1), hop) || !isLinked(hop, hops[(k + 1) % hops.length]),
  );
  // Not even so: some node would have to be there twice.
  const spans = ends.length > 0 ? ends : [{startLayer: 0, endLayer: grid.layerCount}];
  return joinLayers(
    spans.map(({startLayer, endLayer}) => ({startLayer, endLayer, why: 'unreachable'})),
  );
}

/** The same swarm, in which everybody reaches everybody, at a price. */
function wholeOf(snapshot: SwarmSnapshot): SwarmSnapshot {
  const known = whole.get(snapshot.indexOf);
  if (known !== undefined) return known;
  const made: SwarmSnapshot = {
    ...snapshot,
    indexOf: new Map(snapshot.indexOf),
    rttMs: (a, b) => Math.min(snapshot.rttMs(a, b), CUT_OFF_RTT_MS),
  };
  whole.set(snapshot.indexOf, made);
  return made;
}

function placeOf({indexOf}: SwarmSnapshot, hop: ChainHop | undefined): number {
  return (hop === undefined ? undefined : indexOf.get(hop.nodeId)) ?? 0;
}
