import {assert} from '#shared/assert.ts';
import type {SessionId} from '#shared/ids.ts';
import {kvBytesPerTokenLayer, type ModelSpec} from '#shared/model/model-spec.ts';
import {badStep, EngineError} from './engine-error.ts';

/** Keys and values of one layer, each `[kvHeadCount, tokenCount, headSize]`. */
export type LayerKv = {readonly key: Float32Array; readonly value: Float32Array};
/** What one cell remembers of one session. */
export type CellKv = {readonly tokenCount: number; readonly layers: readonly LayerKv[]};

type OpenSession = {kvTokens: number; readonly cells: Map<number, CellKv>};

const EMPTY: CellKv = {tokenCount: 0, layers: []};

/**
 * The caches of all sessions of one shard, by session and cell.
 *
 * What a session may need is reserved when it opens, so that no step of an
 * open session can run out of memory. A cache grows as it is used.
 */
export class KvCache {
  readonly #spec: ModelSpec;
  readonly #capacityTokens: number;
  readonly #sessions = new Map<SessionId, OpenSession>();

  /** @param options.layerCount of the shard: a session pays for all of them. */
  constructor(options: {
    readonly spec: ModelSpec;
    readonly layerCount: number;
    readonly budgetBytes: number;
  }) {
    const bytesPerToken = kvBytesPerTokenLayer(options.spec) * options.layerCount;
    this.#spec = options.spec;
    this.#capacityTokens = Math.floor(options.budgetBytes / bytesPerToken);
  }

  get #reservedTokens(): number {
    return [...this.#sessions.values()].reduce((sum, {kvTokens}) => sum + kvTokens, 0);
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
    const kvTokensFree = this.#capacityTokens - this.#reservedTokens + (session?.kvTokens ?? 0);
    if (kvTokens > kvTokensFree) throw kvFull(kvTokens, kvTokensFree);
    if (session === undefined) this.#sessions.set(sessionId, {kvTokens, cells: new Map()});
    else session.kvTokens = kvTokens;
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
      const expectedPosition = session.cells.get(cellStart)?.tokenCount ?? 0;
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

  /** What the cell that starts at layer `cellStart` remembers; empty at first. */
  read(sessionId: SessionId, cellStart: number): CellKv {
    return this.#require(sessionId).cells.get(cellStart) ?? EMPTY;
  }

  /** Replaces what cells remember, all or none. */
  commit(sessionId: SessionId, cells: ReadonlyMap<number, CellKv>): void {
    const session = this.#require(sessionId);
    for (const [cellStart, kv] of cells) session.cells.set(cellStart, kv);
  }

  /**
   * Forgets positions ≥ `position` in every cell.
   *
   * @throws {EngineError} `UNKNOWN_SESSION`, `BAD_STEP`.
   */
  truncate(sessionId: SessionId, position: number): void {
    const session = this.#require(sessionId);
    if (!Number.isInteger(position) || position < 0) {
      throw badStep(`Cannot truncate session "${sessionId}" to position ${position}`);
    }
    for (const [cellStart, kv] of session.cells) {
      if (kv.tokenCount > position) session.cells.set(cellStart, this.#truncateCell(kv, position));
    }
  }

  close(sessionId: SessionId): void {
    this.#sessions.delete(sessionId);
  }

  #require(sessionId: SessionId): OpenSession {
    const session = this.#sessions.get(sessionId);
    if (session !== undefined) return session;
    const sentence = `Session "${sessionId}" is not open in this engine`;
    throw new EngineError({code: 'UNKNOWN_SESSION', sessionId}, sentence);
  }

  #truncateCell(kv: CellKv, position: number): CellKv {
    const {kvHeadCount, headSize} = this.#spec;
    const keep = (values: Float32Array): Float32Array => {
      const heldSize = kv.tokenCount * headSize;
      const keptSize = position * headSize;
      assert(values.length === kvHeadCount * heldSize, 'a cache holds its tokens');
      const kept = new Float32Array(kvHeadCount * keptSize);
      for (let head = 0; head < kvHeadCount; head += 1) {
        const from = head * heldSize;
        kept.set(values.subarray(from, from + keptSize), head * keptSize);
      }
      return kept;
    };
    return {
      tokenCount: position,
      layers: kv.layers.map(({key, value}) => ({key: keep(key), value: keep(value)})),
    };
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
