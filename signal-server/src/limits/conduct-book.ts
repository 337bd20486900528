import type {PutRefusal} from '#shared/protocol/put-message.ts';

/** What a server holds against a peer: a code of a refused record, or what no honest peer sends. */
export type Misconduct = PutRefusal | 'PROVIDER_REFUSED' | 'NO_WEFT_KEY' | 'MALFORMED_RPC';

/** Twenty lies at once. */
const DROP_AT_POINTS = 100;
const FORGIVEN_POINTS_PER_SECOND = 1;
/** On top, so that a peer that was dropped stays out for a minute. */
const DROPPED_POINTS = 60;
const LIE_POINTS = 5;
/** A set clock, a late packet and a full store happen to honest peers, about once a second; providers cost nothing. */
const MISHAP_POINTS = 0.5;
const MISHAPS: ReadonlySet<Misconduct> = new Set([
  'RECORD_EXPIRED',
  'RECORD_EXPIRY_TOO_FAR',
  'RECORD_FROM_THE_FUTURE',
  'RECORD_OUTDATED',
  'RECORD_STORE_FULL',
  'RATE_LIMITED',
  'PROVIDER_REFUSED',
]);
/** Identities are free: a longer book would help nobody. */
const MAX_PEERS = 10_000;

type Page = {readonly points: number; readonly atMs: number};

/** Adds up what peers did that was refused, and forgives with time. */
export class ConductBook {
  readonly #pages = new Map<string, Page>();
  readonly #counts = new Map<Misconduct, number>();
  readonly #drop: (peer: string) => void;

  /** @param drop is called whenever a peer with too many points did something again. */
  constructor(drop: (peer: string) => void) {
    this.#drop = drop;
  }

  /** How often each kind occurred, over all peers. */
  get counts(): ReadonlyMap<Misconduct, number> {
    return this.#counts;
  }

  note(peer: string, what: Misconduct): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    const sum = this.#pointsOf(peer) + (MISHAPS.has(what) ? MISHAP_POINTS : LIE_POINTS);
    const points = sum < DROP_AT_POINTS ? sum : DROP_AT_POINTS + DROPPED_POINTS;
    this.#pages.delete(peer);
    this.#pages.set(peer, {points, atMs: performance.now()});
    if (this.#pages.size > MAX_PEERS) this.#forgetOldest();
    if (points >= DROP_AT_POINTS) this.#drop(peer);
  }

  /** Whether nothing more is taken from `peer` for a while. */
  isBad(peer: string): boolean {
    return this.#pointsOf(peer) >= DROP_AT_POINTS;
  }

  #pointsOf(peer: string): number {
    const page = this.#pages.get(peer);
    if (page === undefined) return 0;
    const forgiven = ((performance.now() - page.atMs) / 1000) * FORGIVEN_POINTS_PER_SECOND;
    return Math.max(0, page.points - forgiven);
  }

  #forgetOldest(): void {
    const [oldest] = this.#pages.keys();
    if (oldest !== undefined) this.#pages.delete(oldest);
  }
}
