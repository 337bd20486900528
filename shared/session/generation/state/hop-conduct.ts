import type {PeerId} from '#shared/base/ids.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';

/**
 * What one hop did for one answer, reported by its client as it happens. What that means for
 * later answers is not the answer's business.
 */
export type HopConduct =
  /** The chain of which it was a part gave the answer to its end. */
  {readonly kind: 'finished'} | HopFault;

export type HopFault = {
  /**
   * `refused`: would not serve, for a reason that may be true. `left`: is closed, gone or out of
   * reach. `silent`: gave nothing for longer than its chain may take. `lied`: sent what no honest
   * hop sends, or refused for a reason that the client knows to be false.
   */
  readonly kind: 'refused' | 'left' | 'silent' | 'lied';
  readonly code: RefusalCode;
  /**
   * Whether the client saw it itself or has it from this hop. If not, another hop says so of this
   * one, or this is one of several hops at least one of which is at fault: reported of each.
   */
  readonly isCertain: boolean;
};

/** One report. */
export type HopReport = {readonly peerId: PeerId; readonly conduct: HopConduct};
