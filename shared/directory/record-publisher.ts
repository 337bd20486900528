import type {PrivateKey} from '@libp2p/interface';
import {isWeftError} from '../base/errors.ts';
import {
  RECORD_MAX_BYTES,
  RECORD_REFRESH_MS,
  RECORD_TTL_MS,
  type NodeRecord,
} from '../protocol/node-record.ts';
import type {Directory} from './directory.ts';
import type {ServerLink} from '../transport/server-link/server-link.ts';
import {sealedByteLength, sealRecord} from './records/signed-record.ts';
import {untilAborted} from '../base/until-aborted.ts';

/** What a node says about itself; the publisher adds the times. */
export type NodeFacts = Omit<NodeRecord, 'seq' | 'expiresAtMs'>;

export type RecordPublisher = {
  /** Merges facts; what changed is published soon, at most four times a second. */
  update(facts: Partial<NodeFacts>): void;
  /** Merges facts that can wait: they go with the next record, which comes before expiry anyway. */
  attach(facts: Partial<NodeFacts>): void;
  /** Resolves when all facts so far are stored, or when the publisher stops. */
  settled(): Promise<void>;
  /** The last record that was signed; `null` before the first. */
  current(): NodeRecord | null;
  /** Says goodbye, so that others drop this node at once, and publishes nothing more. */
  stop(): Promise<void>;
};

export type PublishingLink = Pick<
  ServerLink,
  'namedServers' | 'onServersChanged' | 'onBeat' | 'onReturn' | 'suspect' | 'readClock'
>;

type Options = {
  readonly directory: Directory;
  readonly privateKey: PrivateKey;
  readonly facts: NodeFacts;
  /** Unix ms, corrected by the server's clock. */
  readonly now: () => number;
  /** Learns what publishing reveals about the link, and is asked for the time when a record was refused for its times. */
  readonly link?: PublishingLink;
  /** Called when no server took a record; the publisher tries again by itself. */
  readonly onFailure?: (cause: unknown) => void;
};

const MIN_INTERVAL_MS = 250;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 4_000;
const PUT_TIMEOUT_MS = 5_000;
/** A server that says so has another time than this node. */
const CLOCK_CODES: ReadonlySet<string> = new Set([
  'RECORD_EXPIRED',
  'RECORD_EXPIRY_TOO_FAR',
  'RECORD_FROM_THE_FUTURE',
]);
/** Nobody answered, or there is nobody to ask. */
const UNANSWERED = 'DIRECTORY_UNREACHABLE';

/** The only writer of this node's record. Publishes on change and before expiry. */
export function startRecordPublisher(options: Options): RecordPublisher {
  const publisher = new Publisher(options);
  publisher.schedule(0);
  return publisher;
}

class Publisher implements RecordPublisher {
  readonly #options: Options;
  #facts: NodeFacts;
  #current: NodeRecord | null = null;
  #lastStartMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAtMs = Infinity;
  #running: Promise<void> | null = null;
  #isChanged = false;
  /** Whether a server has the last record. */
  #isStored = false;
  #isStopped = false;
  /** The least that the next `seq` must exceed. */
  #lastSeq = -1;
  #failures = 0;
  /** Callers of `settled` who wait for a record with all facts. */
  #waiting: (() => void)[] = [];
  readonly #unsubscribes: readonly (() => void)[];

  constructor(options: Options) {
    this.#options = options;
    this.#facts = options.facts;
    const {link} = options;
    this.#unsubscribes =
      link === undefined
        ? []
        : [
            // A server that is back may know nothing of this node any more.
            link.onServersChanged(() => this.#publishSoon()),
            // Those who stayed may have taken this node for gone.
            link.onReturn(() => this.#publishSoon()),
            // In a page that is hidden for long the own timer may be late by a minute.
            link.onBeat(() => this.#runIfDue()),
          ];
  }

  update(facts: Partial<NodeFacts>): void {
    const merged = {...this.#facts, ...facts};
    if (this.#isStopped || JSON.stringify(merged) === JSON.stringify(this.#facts)) return;
    this.#facts = merged;
    this.#publishSoon();
  }

  #publishSoon(): void {
    this.#isChanged = true;
    if (this.#running !== null) return; // What is under way looks for changes when it is done.
    this.schedule(Math.max(0, this.#lastStartMs + MIN_INTERVAL_MS - performance.now()));
  }

  attach(facts: Partial<NodeFacts>): void {
    this.#facts = {...this.#facts, ...facts};
  }

  current(): NodeRecord | null {
    return this.#current;
  }

  async settled(): Promise<void> {
    if (this.#isStopped || (this.#isStored && !this.#isChanged && this.#running === null)) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    clearTimeout(this.#timer);
    await this.#running;
    this.#tellWaiting();
    if (this.#current === null) return;
    const seq = this.#nextSeq();
    const farewell = {...this.#facts, seq, expiresAtMs: seq, shards: [], claim: null, rtts: []};
    await this.#publish(farewell).catch((cause: unknown) => this.#options.onFailure?.(cause));
  }

  /** Publishes after `delayMs`, or earlier when that was already planned. */
  schedule(delayMs: number): void {
    const dueAtMs = performance.now() + delayMs;
    if (this.#isStopped || dueAtMs >= this.#dueAtMs) return;
    clearTimeout(this.#timer);
    this.#dueAtMs = dueAtMs;
    this.#timer = setTimeout(() => this.#runDue(), delayMs);
  }

  #runIfDue(): void {
    if (performance.now() >= this.#dueAtMs) this.#runDue();
  }

  #runDue(): void {
    clearTimeout(this.#timer);
    this.#dueAtMs = Infinity;
    this.#running ??= this.#run().finally(() => (this.#running = null));
  }

  async #run(): Promise<void> {
    this.#isChanged = false;
    this.#lastStartMs = performance.now();
    let nextMs = RECORD_REFRESH_MS;
    try {
      const seq = this.#nextSeq();
      await this.#publish(fitRecord({...this.#facts, seq, expiresAtMs: seq + RECORD_TTL_MS}));
      this.#isStored = true;
      this.#failures = 0;
      if (!this.#isChanged) this.#tellWaiting();
    } catch (cause) {
      this.#isStored = false;
      this.#options.onFailure?.(cause);
      nextMs = await this.#recover(cause);
    }
    const waitedMs = performance.now() - this.#lastStartMs;
    this.schedule(this.#isChanged ? Math.max(0, MIN_INTERVAL_MS - waitedMs) : nextMs);
  }

  /** Does what may help the next attempt. @returns how long to wait for it. */
  async #recover(cause: unknown): Promise<number> {
    const {link} = this.#options;
    const code = isWeftError(cause) ? cause.detail.code : UNANSWERED;
    const retryMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    if (CLOCK_CODES.has(code)) {
      this.#lastSeq = -1; // By the right clock it may lie in the future.
      const isRead = await readClock(link);
      return isRead && this.#failures === 1 ? 0 : retryMs;
    }
    if (code === UNANSWERED) {
      for (const {peerId} of link?.namedServers() ?? []) link?.suspect(peerId);
    }
    return retryMs;
  }

  async #publish(record: NodeRecord): Promise<void> {
    this.#current = record;
    const sealed = await sealRecord(record, this.#options.privateKey);
    const signal = AbortSignal.timeout(PUT_TIMEOUT_MS);
    await untilAborted(this.#options.directory.publish(sealed, {signal}), signal);
  }

  #tellWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** From time, so that a reloaded tab outranks itself; at least one more than before. */
  #nextSeq(): number {
    this.#lastSeq = Math.max(Math.round(this.#options.now()), this.#lastSeq + 1);
    return this.#lastSeq;
  }
}

/** @returns whether a server gave its time. */
async function readClock(link: PublishingLink | undefined): Promise<boolean> {
  try {
    await link?.readClock({signal: AbortSignal.timeout(PUT_TIMEOUT_MS)});
    return link !== undefined;
  } catch {
    return false; // The next attempt is refused again, and the clock read again.
  }
}

/** Drops the slowest round trips until the record fits: they matter least to a route. */
export function fitRecord(record: NodeRecord): NodeRecord {
  const rtts = record.rtts
    .map((rtt) => ({...rtt, rttMs: Math.round(rtt.rttMs * 10) / 10}))
    .toSorted((a, b) => a.rttMs - b.rttMs);
  let fitted: NodeRecord = {...record, rtts};
  while (fitted.rtts.length > 0 && sealedByteLength(fitted) > RECORD_MAX_BYTES) {
    fitted = {...fitted, rtts: fitted.rtts.slice(0, -1)};
  }
  return fitted;
}
