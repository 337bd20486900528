import {pause} from '#shared/base/pause.ts';
import {DownloadError, type DownloadFault} from './download-error.ts';
import {
  LEAST_PROGRESS_BYTES,
  NOTHING_SPENT,
  pauseAfter,
  type Patience,
  type Spent,
} from './patience.ts';
import {StallWatch} from './stall-watch.ts';

/** What one request came to. */
export type Tried =
  | {readonly kind: 'done'}
  | {
      /** `again`: another try may bring it. */
      readonly kind: 'again' | 'refused';
      readonly fault: DownloadFault;
      readonly reason: string;
      readonly askedMs?: number | null;
    };

/** One request, while it runs. */
export type Request = {
  /** Aborts with the download, and when nothing comes. */
  readonly signal: AbortSignal;
  /** Call when the headers are there. */
  answered(status: number): void;
  /** Call when bytes are there, of use or not. */
  received(byteCount: number): void;
};

type Download = {
  readonly url: string;
  readonly signal: AbortSignal;
  readonly patience: Patience;
  /** What later requests need not bring again. */
  readonly reachedBytes: () => number;
  /** One request for what has not come yet; may reject when its connection fails. */
  readonly attempt: (request: Request) => Promise<Tried>;
};

/**
 * Requests again what a bad line, a silent server or a busy one did not bring, with pauses
 * between, until it is there or patience is at its end. Progress renews patience.
 *
 * @throws {DownloadError} when it does not come; the signal's reason when aborted.
 */
export async function keepTrying(download: Download): Promise<void> {
  const {url, signal, patience} = download;
  let spent: Spent = NOTHING_SPENT;
  for (;;) {
    signal.throwIfAborted();
    const beforeBytes = download.reachedBytes();
    const {tried, status, stalledMs, cause} = await tryOnce(download);
    signal.throwIfAborted();
    if (tried.kind === 'done') return;
    if (download.reachedBytes() - beforeBytes >= LEAST_PROGRESS_BYTES) spent = NOTHING_SPENT;
    const {fault, reason, askedMs = null} = tried;
    const next = tried.kind === 'again' ? pauseAfter(spent, {stalledMs, askedMs}, patience) : null;
    if (next === null) {
      const times = spent.tries === 0 ? '' : `, ${spent.tries + 1} times`;
      throw new DownloadError({url, status, fault, reason: reason + times}, {cause});
    }
    spent = next.spent;
    await pause(next.pauseMs, signal);
  }
}

type Outcome = {
  readonly tried: Tried;
  /** Of the answer; `null` when none came. */
  readonly status: number | null;
  readonly stalledMs: number;
  readonly cause: unknown;
};

async function tryOnce({signal, patience, attempt}: Download): Promise<Outcome> {
  const watch = new StallWatch(patience.stallMs);
  const answer: {status: number | null} = {status: null};
  const request: Request = {
    signal: AbortSignal.any([signal, watch.signal]),
    answered: (status) => {
      answer.status = status;
      watch.answered();
    },
    received: (byteCount) => {
      watch.received(byteCount);
    },
  };
  try {
    return {tried: await attempt(request), status: answer.status, stalledMs: 0, cause: undefined};
  } catch (cause) {
    const {stallMs} = patience;
    const isStalled = watch.signal.aborted;
    const tried = isStalled ? stalled(stallMs, watch.bytes) : broken(answer.status !== null);
    return {tried, status: answer.status, stalledMs: isStalled ? stallMs : 0, cause};
  } finally {
    watch.close();
  }
}

function stalled(ms: number, bytes: number): Tried {
  const seconds = Math.round(ms / 100) / 10;
  const reason =
    bytes === 0 ? `nothing came for ${seconds} s` : `only ${bytes} bytes came in ${seconds} s`;
  return {kind: 'again', fault: 'stalled', reason};
}

function broken(hasAnswered: boolean): Tried {
  if (hasAnswered) return {kind: 'again', fault: 'cut', reason: 'the connection broke'};
  return {kind: 'again', fault: 'no-connection', reason: 'the connection failed'};
}
