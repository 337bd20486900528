import {assert, unreachable} from '#shared/base/assert.ts';
import type {PeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {
  GenerationAction,
  GenerationStep,
  ReaderNews,
} from '#shared/session/generation/state/generation-action.ts';
import type {SeenEvent} from '#shared/session/generation/state/generation-event.ts';
import {
  isOver,
  wakeAtMs,
  type GenerationState,
} from '#shared/session/generation/state/generation-state.ts';
import type {HopReport} from '#shared/session/generation/state/hop-conduct.ts';
import type {GenerationTask} from '#shared/session/generation/state/generation-task.ts';
import {startGeneration, stepGeneration} from '#shared/session/generation/step-generation.ts';
import type {PublishedAtMs} from '#shared/scheduling/routing/trust/closed-peers.ts';
import {PaceWatch} from './pace-watch.ts';
import type {ChainChoice} from './route-answer.ts';

/** Time as a driver has it: the browser's, or virtual. */
export type RunClock = {
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Calls `run` after that long. @returns how to prevent it. */
  readonly after: (delayMs: number, run: () => void) => () => void;
};

export type SentAction = Extract<
  GenerationAction,
  {readonly kind: 'open' | 'replay' | 'feed' | 'close'}
>;

export type GuideAction = Extract<GenerationAction, {readonly kind: 'guide'}>;

/** What the machine tells, and which chain was chosen. */
export type RunNews<H extends Hop> = ReaderNews | Extract<ChainChoice<H>, {readonly kind: 'chain'}>;

/** What an answer needs of its surroundings; what comes of it goes to `take`. */
export type GenerationPort<H extends Hop> = {
  /** Phase 2 over the newest snapshot. */
  readonly choose: (
    wish: Omit<Extract<GenerationAction, {readonly kind: 'choose-chain'}>, 'kind'>,
  ) => ChainChoice<H>;
  /** A chain is about to be used: counts its load until the function that it returns is called. */
  readonly promise: (hops: readonly H[]) => () => void;
  /** To the head, or to a hop that is closed. */
  readonly send: (to: PeerId, action: SentAction) => void;
  /** To the tail; for guided answers. */
  readonly guide?: (tail: PeerId, action: GuideAction) => void;
  /** Looks for a link to a peer that was lost. */
  readonly reach: (peerId: PeerId) => void;
  readonly publishedAtMs: PublishedAtMs;
  /** What a hop did: chains of later answers are chosen by it. */
  readonly report: (report: HopReport) => void;
  /** How fast tokens came over the chain that was chosen last, at its best; called at the end, unless the answer failed. */
  readonly timed: (hops: readonly H[], stepMs: number) => void;
  readonly tell: (news: RunNews<H>) => void;
  /** Nothing can happen any more; called once, after all else. */
  readonly end: (state: GenerationState) => void;
};

/** Each session that opens or ends changes a record: what it says of a fault is not looked at sooner than this. */
const RENEWED_AFTER_MS = 1_000;

/**
 * The machine of one answer in motion: events go in one after the other, also those that an
 * action brings about at once, and the machine hears of the time when it wants to.
 */
export class GenerationRun<H extends Hop = Hop> {
  readonly #clock: RunClock;
  readonly #port: GenerationPort<H>;
  readonly #first: GenerationStep;
  readonly #seen: SeenEvent[] = [];
  #state: GenerationState;
  #hops: readonly H[] = [];
  /** Those of them that had a record when they were chosen, and have had one since. */
  #listed: readonly PeerId[] = [];
  readonly #pace = new PaceWatch();
  /** Peers at fault: when the record was published that each had then, and when that was. */
  readonly #faulty = new Map<PeerId, {readonly publishedAtMs: number; readonly atMs: number}>();
  #breakPromise: () => void = () => undefined;
  #isStepping = false;
  #isEnded = false;
  #wake: {readonly atMs: number; readonly cancel: () => void} | null = null;

  /** @param closed peers that closed their link to this client, and have published nothing since. */
  constructor(
    {task, closed}: {readonly task: GenerationTask; readonly closed: readonly PeerId[]},
    clock: RunClock,
    port: GenerationPort<H>,
  ) {
    this.#clock = clock;
    this.#port = port;
    this.#first = startGeneration(task, closed);
    for (const peerId of closed) this.#noteFault(peerId);
    this.#state = this.#first.state;
  }

  get state(): GenerationState {
    return this.#state;
  }

  /** The chain that was chosen last. */
  get hops(): readonly H[] {
    return this.#hops;
  }

  start(): void {
    this.#isStepping = true;
    for (const action of this.#first.actions) this.#act(action);
    this.#stepAll();
  }

  /** Something was seen. It has its effect before this returns, unless it comes from within an action. */
  take(event: SeenEvent): void {
    this.#seen.push(event);
    if (!this.#isStepping) this.#stepAll();
  }

  /** The snapshot has changed. */
  seeSnapshot(): void {
    this.#seeUnlisted();
    this.#seeRenewed();
    this.take({kind: 'snapshot'});
  }

  /** Whoever had no record when it was chosen serves this answer to its end: nothing has changed about it. */
  #seeUnlisted(): void {
    const hops = this.#hops;
    const gone = this.#listed.filter((peerId) => !this.#isListed(peerId));
    this.#listed = this.#listed.filter(this.#isListed);
    for (const peerId of gone) {
      if (this.#hops !== hops) return; // Another chain has been chosen by the same snapshot.
      this.take({kind: 'unlisted', peerId});
    }
  }

  readonly #isListed = (peerId: PeerId): boolean => this.#port.publishedAtMs(peerId) !== null;

  #seeRenewed(): void {
    for (const [peerId, {publishedAtMs, atMs}] of this.#faulty) {
      const isNewer = (this.#port.publishedAtMs(peerId) ?? -Infinity) > publishedAtMs;
      if (!isNewer || this.#clock.nowMs() < atMs + RENEWED_AFTER_MS) continue;
      this.#faulty.delete(peerId);
      this.take({kind: 'renewed', peerId});
    }
  }

  #noteFault(peerId: PeerId): void {
    // Whoever is back in the snapshot says so, also by the record that it had.
    const publishedAtMs = this.#port.publishedAtMs(peerId) ?? -1;
    this.#faulty.set(peerId, {publishedAtMs, atMs: this.#clock.nowMs()});
  }

  #stepAll(): void {
    this.#isStepping = true;
    for (let seen = this.#seen.shift(); seen !== undefined; seen = this.#seen.shift()) {
      const step = stepGeneration(this.#state, {...seen, nowMs: this.#clock.nowMs()});
      this.#state = step.state;
      for (const action of step.actions) this.#act(action);
    }
    this.#isStepping = false;
    this.#arm();
    if (this.#isEnded || !isOver(this.#state)) return;
    this.#isEnded = true;
    const {stepMs} = this.#pace;
    if (stepMs !== null && this.#state.kind !== 'failed') this.#port.timed(this.#hops, stepMs);
    this.#breakPromise();
    this.#port.end(this.#state);
  }

  #act(action: GenerationAction): void {
    switch (action.kind) {
      case 'choose-chain':
        this.#choose(action);
        return;
      case 'open':
        this.#pace.begin();
        this.#breakPromise();
        this.#breakPromise = this.#port.promise(this.#hops);
        this.#sendToHead(action);
        return;
      case 'replay':
      case 'feed':
        this.#sendToHead(action);
        return;
      case 'guide':
        this.#guide(action);
        return;
      case 'close':
        for (const peerId of action.at) this.#port.send(peerId, action);
        return;
      case 'reach':
        this.#port.reach(action.peerId);
        return;
      case 'report':
        this.#report(action);
        return;
      case 'tell':
        if (action.news.kind === 'token') this.#pace.token(action.news.atMs);
        this.#port.tell(action.news);
        return;
      default:
        unreachable(action);
    }
  }

  #guide(action: GuideAction): void {
    const tail = action.hops.at(-1);
    assert(tail !== undefined, 'a chain has a tail');
    this.#port.guide?.(tail.peerId, action);
  }

  #report(report: HopReport): void {
    if (report.conduct.kind !== 'finished') this.#noteFault(report.peerId);
    this.#port.report(report);
  }

  #choose({
    avoid,
    warm,
    ran,
    epoch,
  }: Extract<GenerationAction, {readonly kind: 'choose-chain'}>): void {
    this.#breakPromise();
    const choice = this.#port.choose({avoid, warm, ran, epoch});
    if (choice.kind === 'chain') {
      this.#hops = choice.hops;
      this.#listed = choice.hops.map(({peerId}) => peerId).filter(this.#isListed);
      this.#port.tell(choice);
    }
    this.take(choice);
  }

  #sendToHead(action: SentAction): void {
    const [head] = this.#hops;
    assert(head !== undefined, 'a chain has a head');
    this.#port.send(head.peerId, action);
  }

  /** One timer: where the machine wants to be woken later than it rings, it is set again then. */
  #arm(): void {
    const atMs = wakeAtMs(this.#state);
    if (this.#wake !== null && atMs !== null && this.#wake.atMs <= atMs) return;
    this.#wake?.cancel();
    this.#wake = null;
    if (atMs === null) return;
    const cancel = this.#clock.after(Math.max(0, atMs - this.#clock.nowMs()), () => {
      this.#wake = null;
      this.#seeRenewed();
      this.take({kind: 'tick'});
    });
    this.#wake = {atMs, cancel};
  }
}
