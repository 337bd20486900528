import type {Stream} from '@libp2p/interface';
import {FairTurns} from '../limits/fair-turns.ts';
import {KeyedAllowance} from '../limits/keyed-allowance.ts';
import type {Refusal} from '../limits/refusals.ts';

export type RelayedDial = {
  /** The peer that dials. */
  readonly source: string;
  /** What its address counts as, as `SourceAddress.key`. */
  readonly sourceKey: string;
  readonly target: string;
  /** From the source to the relay; its end is the end of the relayed connection. */
  readonly stream: Stream;
  readonly signal: AbortSignal;
};

/** A tab dials its neighbours and the hops of its chains, once each. */
const DIALS_OF_PEER = {burst: 96, perSec: 2};
/** Repeats of the same dial: links that are lost again and again, a tab that is reloaded. */
const DIALS_OF_PAIR = {burst: 48, perSec: 0.5};
/**
 * Under the limits at which js-libp2p turns connections away by itself: 50 a
 * second in a tab, and 10 handshakes at the same time.
 */
const DIALS_OF_TARGET = {burst: 8, perSec: 20, maxWaiting: 200, maxRunning: 8};
/** What has come back from a tab when its part of the handshake is done: two thirds of it. */
const HANDSHAKE_BYTES = 300;
/** A handshake that takes longer than that gives its turn to the next. */
const HANDSHAKE_MS = 2_000;
/** Of the 100 connections of a tab. At 20 dials a second each has 3 s for its signaling. */
const MAX_OPEN_OF_TARGET = 60;

type Target = {readonly turns: FairTurns; readonly open: Map<Stream, string>};

/**
 * Who may be relayed to whom, how often. The relay cannot read what it relays;
 * it can make it worthless for all but signaling: each connection ends after
 * some KiB, the same two peers have few of them, and a tab is dialled no
 * faster than it answers. Addresses take turns at one target, and what is one
 * too many there costs the oldest connection of the busiest address, so that
 * hundreds of identities of one stranger do not keep others away.
 */
export class RelayedDials {
  readonly #refused: (reason: Refusal) => void;
  readonly #ofPeer = new KeyedAllowance(DIALS_OF_PEER);
  readonly #ofPair = new KeyedAllowance(DIALS_OF_PAIR);
  readonly #targets = new Map<string, Target>();

  constructor(refused: (reason: Refusal) => void) {
    this.#refused = refused;
  }

  /** @returns whether to go on, after some seconds when a target is in demand. */
  async admit(dial: RelayedDial): Promise<boolean> {
    const {source, sourceKey, target: name, stream} = dial;
    if (!this.#ofPeer.spend(source) || !this.#ofPair.spend(`${source} ${name}`)) {
      this.#refused('relayed-dial-too-often');
      return false;
    }
    const target = this.#targetOf(name);
    const closed = new AbortController();
    stream.addEventListener('close', () => {
      closed.abort();
      target.open.delete(stream);
      if (target.open.size === 0 && target.turns.isIdle) this.#targets.delete(name);
    });
    const signal = AbortSignal.any([dial.signal, closed.signal]);
    if (!(await target.turns.take(sourceKey, {signal}))) {
      if (!closed.signal.aborted) this.#refused('relayed-dial-crowded-out');
      return false;
    }
    if (closed.signal.aborted) {
      target.turns.done();
      return false;
    }
    endTurnAfterHandshake(stream, {turns: target.turns, closed: closed.signal});
    target.open.set(stream, sourceKey);
    if (target.open.size > MAX_OPEN_OF_TARGET) this.#endOldestOfBusiest(target);
    return true;
  }

  /** A target that was dialled and is not any more. */
  forget(name: string): void {
    this.#targets.get(name)?.turns.stop();
    this.#targets.delete(name);
  }

  #targetOf(name: string): Target {
    const held = this.#targets.get(name);
    if (held !== undefined) return held;
    const target = {turns: new FairTurns(DIALS_OF_TARGET), open: new Map<Stream, string>()};
    this.#targets.set(name, target);
    return target;
  }

  #endOldestOfBusiest({open}: Target): void {
    const countBySource = new Map<string, number>();
    for (const source of open.values()) {
      countBySource.set(source, (countBySource.get(source) ?? 0) + 1);
    }
    const busiestCount = Math.max(...countBySource.values());
    for (const [stream, source] of open) {
      if (countBySource.get(source) !== busiestCount) continue;
      this.#refused('relayed-connection-crowded-out');
      open.delete(stream);
      stream.abort(new Error('Crowded out by later dials of the same peer'));
      return;
    }
  }
}

function endTurnAfterHandshake(
  stream: Stream,
  {turns, closed}: {readonly turns: FairTurns; readonly closed: AbortSignal},
): void {
  let isDone = false;
  const end = () => {
    clearTimeout(late);
    if (!isDone) turns.done();
    isDone = true;
  };
  const late = setTimeout(end, HANDSHAKE_MS);
  closed.addEventListener('abort', end, {once: true});
  const send = stream.send.bind(stream);
  let sentBytes = 0;
  stream.send = (data) => {
    sentBytes += data.byteLength;
    if (sentBytes >= HANDSHAKE_BYTES) end();
    return send(data);
  };
}
