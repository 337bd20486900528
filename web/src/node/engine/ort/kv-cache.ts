import type {SessionId} from '#shared/base/ids.ts';
import {layerCount, type LayerRange} from '#shared/model/layer-range.ts';
import {kvBytesPerTokenLayer, mostPositions, type ModelSpec} from '#shared/model/model-spec.ts';
import {kvTokensBeside} from '#shared/model/session-kv.ts';
import {badStep, EngineError} from '../engine-error.ts';

/** How an engine remembers one session in one cell. */
export interface KvMemory<Kv> {
  /** Nothing yet, with room for `kvTokens`. */
  empty(cell: LayerRange, kvTokens: number): Kv;
  /** The same with room for `kvTokens`, at least what it holds. `kv` is not used again. */
  resize(kv: Kv, kvTokens: number): Kv;
  /** Without positions ≥ `position`. `kv` is not used again. */
  truncate(kv: Kv, position: number): Kv;
  /** Whether a session can go on at `position`: what a window sees from there may have been overwritten. */
  reaches(kv: Kv, position: number): boolean;
  byteLength(kv: Kv): number;
  free(kv: Kv): void;
}

type OpenSession<Kv> = {kvTokens: number; readonly cells: Map<number, Kv>};

/**
 * The caches of all sessions of one shard, by session and cell.
 *
 * What a session may need is reserved when it opens, so that no step of an
 * open session can run out of memory. A cache grows as it is used.
 */
export class KvCache<Kv extends {readonly tokenCount: number}> {
  readonly #spec: ModelSpec;
  readonly #range: LayerRange;
  /** Of one session; of all together, if no layer had a window. */
  readonly #mostTokens: number;
  readonly #memory: KvMemory<Kv>;
  readonly #sessions = new Map<SessionId, OpenSession<Kv>>();

  /** @param options.range of the shard: a session pays for all of its layers. */
  constructor(options: {
    readonly spec: ModelSpec;
    readonly range: LayerRange;
    readonly budgetBytes: number;
    readonly memory: KvMemory<Kv>;
  }) {
    const {spec, range, budgetBytes} = options;
    this.#spec = spec;
    this.#range = range;
    this.#mostTokens = Math.floor(budgetBytes / (kvBytesPerTokenLayer(spec) * layerCount(range)));
    this.#memory = options.memory;
  }

  /** Positions that a session can reach at most, with all of the room: none beyond them is ever run. */
  get mostPositions(): number {
    return mostPositions(this.#spec, this.#mostTokens);
  }

  /** What open sessions take now. */
  get byteLength(): number {
    const kvs = [...this.#sessions.values()].flatMap(({cells}) => [...cells.values()]);
    return kvs.reduce((sum, kv) => sum + this.#memory.byteLength(kv), 0);
  }

  /**
   * Reserves a cache. A session that is open keeps what it holds; only its reservation changes.
   *
   * @throws {EngineError} `CONTEXT_FULL`, `KV_FULL`.
   */
  open(sessionId: SessionId, kvTokens: number): void {
    const {contextTokens} = this.#spec;
    if (!Number.isInteger(kvTokens) || kvTokens <= 0) {
      throw badStep(`Cannot open session "${sessionId}": ${kvTokens} is no number of tokens`);
    }
    if (kvTokens > contextTokens) throw contextFull(kvTokens, contextTokens);
    const session = this.#sessions.get(sessionId);
    const others = [...this.#sessions].filter(([id]) => id !== sessionId);
    const kvTokensFree = kvTokensBeside(this.#spec, this.#range, {
      kvTokens: this.#mostTokens,
      others: others.map(([, other]) => other.kvTokens),
    });
    if (kvTokens > kvTokensFree) throw kvFull(kvTokens, kvTokensFree);
    if (session === undefined) this.#sessions.set(sessionId, {kvTokens, cells: new Map()});
    else this.#resize(session, kvTokens);
  }

  /**
   * Refuses a piece that does not continue what `cells` hold, or that outgrows the reservation.
   *
   * @throws {EngineError} `UNKNOWN_SESSION`, `WRONG_POSITION`, `CONTEXT_FULL`, `KV_FULL`.
   */
  admit(piece: {
    readonly sessionId: SessionId;
    readonly position: number;
    readonly tokenCount: number;
    readonly cellStarts: readonly number[];
  }): void {
    const session = this.#require(piece.sessionId);
    for (const cellStart of piece.cellStarts) {
      const expectedPosition = this.#goesOnAt(session.cells.get(cellStart));
      if (piece.position !== expectedPosition) {
        throw new EngineError(
          {code: 'WRONG_POSITION', position: piece.position, expectedPosition},
          `Cannot run position ${piece.position}: the cache of layer ${cellStart} holds ${expectedPosition}`,
        );
      }
    }
    const tokens = piece.position + piece.tokenCount;
    if (tokens > this.#spec.contextTokens) throw contextFull(tokens, this.#spec.contextTokens);
    if (tokens > session.kvTokens) throw kvFull(tokens, session.kvTokens);
  }

  /** What a cell remembers; empty at first. */
  read(sessionId: SessionId, cell: LayerRange): Kv {
    const {cells, kvTokens} = this.#require(sessionId);
    const known = cells.get(cell.startLayer);
    if (known !== undefined) return known;
    const empty = this.#memory.empty(cell, kvTokens);
    // Kept before it is used: whatever becomes of the step, closing frees it.
    cells.set(cell.startLayer, empty);
    return empty;
  }

  /** Replaces what cells remember, all or none. */
  commit(sessionId: SessionId, cells: ReadonlyMap<number, Kv>): void {
    const session = this.#require(sessionId);
    for (const [cellStart, kv] of cells) session.cells.set(cellStart, kv);
  }

  /**
   * Forgets positions ≥ `position` in every cell; all of them where a window has dropped what it sees from there.
   *
   * @returns where the session goes on: at `position`, or at 0.
   * @throws {EngineError} `UNKNOWN_SESSION`, `BAD_STEP`.
   */
  truncate(sessionId: SessionId, position: number): number {
    const session = this.#require(sessionId);
    if (!Number.isInteger(position) || position < 0) {
      throw badStep(`Cannot truncate session "${sessionId}" to position ${position}`);
    }
    const reaches = [...session.cells.values()].every((kv) => this.#memory.reaches(kv, position));
    for (const [cellStart, kv] of session.cells) {
      if (reaches && kv.tokenCount <= position) continue;
      session.cells.set(cellStart, this.#memory.truncate(kv, reaches ? position : 0));
    }
    return reaches ? position : 0;
  }

  close(sessionId: SessionId): void {
    for (const kv of this.#sessions.get(sessionId)?.cells.values() ?? []) this.#memory.free(kv);
    this.#sessions.delete(sessionId);
  }

  /** A step that failed may have overwritten what a window needs. */
  #goesOnAt(kv: Kv | undefined): number {
    return kv !== undefined && this.#memory.reaches(kv, kv.tokenCount) ? kv.tokenCount : 0;
  }

  #resize(session: OpenSession<Kv>, kvTokens: number): void {
    session.kvTokens = kvTokens;
    for (const [cellStart, kv] of session.cells) {
      const roomTokens = Math.max(kvTokens, kv.tokenCount);
      session.cells.set(cellStart, this.#memory.resize(kv, roomTokens));
    }
  }

  #require(sessionId: SessionId): OpenSession<Kv> {
    const session = this.#sessions.get(sessionId);
    if (session !== undefined) return session;
    const sentence = `Session "${sessionId}" is not open in this engine`;
    throw new EngineError({code: 'UNKNOWN_SESSION', sessionId}, sentence);
  }
}

function contextFull(tokens: number, contextTokens: number): EngineError {
  return new EngineError(
    {code: 'CONTEXT_FULL', tokens, contextTokens},
    `Cannot hold ${tokens} tokens: the model's context ends at ${contextTokens}`,
  );
}

function kvFull(kvTokensAsked: number, kvTokensFree: number): EngineError {
  return new EngineError(
    {code: 'KV_FULL', kvTokensAsked, kvTokensFree},
    `No room to remember ${kvTokensAsked} tokens: ${kvTokensFree} are left`,
  );
}
