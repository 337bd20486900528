import type {AnswerEvent, ChainHop} from '#shared/client/chat/chat-service.ts';
import type {Recovery} from './run-record.ts';

/** What the codes of a lost hop mean for the person who reads a report; others are shown as they are. */
const CAUSES: ReadonlyMap<string, string> = new Map([
  ['PEER_LEFT', 'closed'],
  ['PEER_UNREACHABLE', 'unreachable'],
  ['ENGINE_LOST', 'crashed'],
  ['SESSION_EXPIRED', 'silent'],
]);

type Pause = {
  readonly cause: string;
  readonly lostMs: number;
  readonly readyMs: number;
  readonly hops: readonly ChainHop[];
  readonly inputFrom: readonly number[];
};

/** The pauses of one answer in which other hops took over, as its reader sees them. */
export class RecoveryWatch {
  readonly recoveries: Recovery[] = [];
  #promptTokens = 0;
  #shownTokens = 0;
  #lastTokenMs = 0;
  #hops: readonly ChainHop[] = [];
  #pause: Pause | null = null;

  see(event: AnswerEvent, atMs: number): void {
    switch (event.kind) {
      case 'prompt':
        this.#promptTokens = event.tokenIds.length;
        return;
      case 'lost':
        // The replacement may be lost, too: that is one pause.
        this.#pause ??= {
          cause: CAUSES.get(event.code) ?? event.code,
          lostMs: atMs,
          readyMs: atMs,
          hops: [],
          inputFrom: [],
        };
        return;
      case 'chain':
        this.#hops = event.hops;
        return;
      case 'ready':
        if (this.#pause === null) return;
        this.#pause = {
          ...this.#pause,
          readyMs: atMs,
          hops: this.#hops,
          inputFrom: event.inputFrom,
        };
        return;
      case 'token':
        if (this.#pause !== null) this.recoveries.push(this.#recoveryOf(this.#pause, atMs));
        this.#pause = null;
        this.#shownTokens += 1;
        this.#lastTokenMs = atMs;
        return;
      default:
    }
  }

  #recoveryOf({cause, lostMs, readyMs, hops, inputFrom}: Pause, atMs: number): Recovery {
    // The last token is run in any case, and is no replay.
    const held = this.#promptTokens + this.#shownTokens - 1;
    const behind = hops.filter((_, at) => (inputFrom[at] ?? held) < held);
    return {
      atToken: this.#shownTokens,
      cause,
      pauseMs: atMs - this.#lastTokenMs,
      detectMs: lostMs - this.#lastTokenMs,
      reopenMs: readyMs - lostMs,
      replayMs: atMs - readyMs,
      replayedTokens: held - Math.min(held, ...inputFrom),
      replayedLayers: behind.reduce(
        (sum, {startLayer, endLayer}) => sum + endLayer - startLayer,
        0,
      ),
    };
  }
}
