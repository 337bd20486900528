import type {ManifestHash, PeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';

/** What one hop takes on at once; more is refused with a code, and the client asks another. */
export type HopLimits = {
  readonly maxSessions: number;
  /** About how long a turn of a prompt is, while another answer runs: so long that waits for it. */
  readonly pieceMs: number;
  /** How many turns a prompt has in a row among prompts: in one piece while no answer runs. */
  readonly promptTurns: number;
  /** Cache positions that all sessions together may reserve; the engine may hold fewer. */
  readonly kvTokens: number;
  readonly maxQueuedSteps: number;
  /** A session that is opened and not passed on for longer is freed. */
  readonly openTimeoutMs: number;
  /** So is one that was passed on, and into which no frame came. */
  readonly unusedTimeoutMs: number;
  /** A session that was used and is silent for longer is freed. */
  readonly idleTimeoutMs: number;
  /** At a full hop a session that takes longer for a step, on average, gives way to who has fewer of such. */
  readonly slowStepMs: number;
  /** One that takes longer than this gives way to anybody. */
  readonly stoppedStepMs: number;
  /** How long a cache waits to be resumed; 0: not at all. */
  readonly keepMs: number;
  /** Hidden states that are kept of each session whose opening asks for it. */
  readonly keptBytes: number;
  /** What one frame of a replay holds, about: hops work on different pieces at once. */
  readonly replayBytes: number;
};

export const HOP_LIMITS: HopLimits = {
  maxSessions: 8,
  pieceMs: 50,
  // Short prompts are over one after the other, instead of all at the end; a long one gives way after 0.4 s.
  promptTurns: 8,
  kvTokens: Infinity,
  maxQueuedSteps: 4_096,
  // The engine makes room, and the link to the next hop opens (`LINK_WAIT_MS`).
  openTimeoutMs: 20_000,
  // The hops after this one link one after the other, those before compute the first piece.
  unusedTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
  // Nobody reads so slowly; where a whole swarm is so slow, each client still has its share.
  slowStepMs: 2_000,
  // No reader stays with such an answer.
  stoppedStepMs: 5_000,
  keepMs: 30_000,
  keptBytes: 4 * 1024 * 1024,
  replayBytes: 32 * 1024,
};

/** What does not change while a hop lives. */
export type HopContext = {
  readonly self: PeerId;
  readonly manifestHash: ManifestHash;
  readonly grid: CutGrid;
  readonly contextTokens: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  readonly limits: HopLimits;
  /** What is wrong with the payload of a data frame, or `null`. */
  readonly checkPayload: (frame: Frame, isHead: boolean) => RefusalCode | null;
};
