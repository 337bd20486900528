import {showLayers} from '#shared/model/show-layers.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';

const SAYS: Readonly<Record<MissingLayers['why'], readonly [what: string, next: string]>> = {
  'no-node': ['No tab holds layers', 'open more tabs, or tabs that can hold more'],
  loading: ['Tabs are still loading layers', 'wait for them'],
  full: ['Every tab is full that holds layers', 'open more tabs, or ask for less at once'],
  'too-small': ['No tab has room for this prompt that holds layers', 'shorten it'],
  unreachable: ['No chain of tabs reaches from end to end of layers', 'look at the network'],
  silent: ['No tab answers that holds layers', 'look whether they are still open'],
  distrusted: ['Every tab has refused that holds layers', 'open more tabs'],
};

/** The sentence for layers that cannot be served: `No tab holds layers 20–30 (10 layers in all): …`. */
export function missingLayersOf(missing: readonly MissingLayers[]): string {
  const byReason = Map.groupBy(missing, ({why}) => why);
  return Array.from(byReason, ([why, all]) => {
    const [what, next] = SAYS[why];
    const layers = all.reduce((sum, {startLayer, endLayer}) => sum + endLayer - startLayer, 0);
    return `${what} ${showLayers(all)} (${layers} layers in all): ${next}`;
  }).join('; ');
}
