import type {PlacedShard, PlacementClaim} from './swarm-snapshot.ts';

/** Layers are downloaded at least this fast (4 Mbit/s), or others need not wait for them. */
const PLAUSIBLE_BYTES_PER_MS = 500;
/** For all that is not download: building, proving and measuring on a slow machine. */
const LEAST_CLAIM_MS = 120_000;
/** No claim counts for longer, whatever the model. */
export const MOST_CLAIM_MS = 600_000;
/** A record cannot tell of a claim that is made later; both times are rounded. */
const ROUNDING_MS = 1_000;

/** How long loading these layers may take, in ms. Pure. */
export type ClaimLimit = (claim: PlacedShard) => number;

export function claimLimitFor(bytesPerLayer: number): ClaimLimit {
  return ({startLayer, endLayer}) =>
    Math.min(
      MOST_CLAIM_MS,
      LEAST_CLAIM_MS + ((endLayer - startLayer) * bytesPerLayer) / PLAUSIBLE_BYTES_PER_MS,
    );
}

/** Whether a claim is so old that nobody need wait for it, or is dated in the future. */
export function isOverdue(
  {claimedAtMs}: PlacementClaim,
  {
    nowMs,
    publishedAtMs,
    limitMs,
  }: {
    readonly nowMs: number;
    /** When its node published it; unknown in pool files. */
    readonly publishedAtMs: number | undefined;
    readonly limitMs: number;
  },
): boolean {
  return nowMs - claimedAtMs > limitMs || claimedAtMs > (publishedAtMs ?? nowMs) + ROUNDING_MS;
}
