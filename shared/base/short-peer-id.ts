import type {PeerId} from './ids.ts';

/** The part in which peer ids differ, for a sentence that a person reads: all begin alike. */
export function shortPeerId(peerId: PeerId): string {
  return peerId.slice(-8);
}
