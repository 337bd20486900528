import type {PeerId} from '../../base/ids.ts';

/** What a tab knows of its peers by other ways than their connections. */
export type Acquaintance = {
  /** Peers with a record, and those that this tab has or had a link to. */
  readonly isKnown: (peer: PeerId) => boolean;
  /** Peers that an answer runs over at this moment. */
  readonly isBusy: (peer: PeerId) => boolean;
};
