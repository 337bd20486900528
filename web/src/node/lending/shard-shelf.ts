import {assert} from '#shared/base/assert.ts';
import {isWeftError, WeftError} from '#shared/base/errors.ts';
import type {PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import type {VolunteerEvent} from '#shared/session/hold-layers/volunteer-state.ts';
import type {LoadStep} from '../../ports/lend-service.ts';
import type {LoadedShard, LoadOptions} from './shard-loader.ts';

export type ShardShelfOptions = {
  readonly load: (shard: PlacedShard, options: LoadOptions) => Promise<LoadedShard>;
  readonly tell: (event: VolunteerEvent) => void;
  readonly onProgress: () => void;
  /** Unix ms. */
  readonly nowMs: () => number;
};

type Loading = {
  readonly epoch: number;
  readonly abort: AbortController;
  progress: LoadStep | null;
  loaded: LoadedShard | null;
};

/** The shards of one lending: the one that is served, and the one that is loaded beside it. */
export class ShardShelf {
  readonly #options: ShardShelfOptions;
  #loading: Loading | null = null;
  #served: LoadedShard | null = null;

  constructor(options: ShardShelfOptions) {
    this.#options = options;
  }

  get served(): LoadedShard | null {
    return this.#served;
  }

  /** How far the load under way is; `null` while it has not begun. */
  get progress(): LoadStep | null {
    return this.#loading?.progress ?? null;
  }

  /** Loads a shard and proves it, and tells how that went unless it is discarded. */
  async load(epoch: number, shard: PlacedShard): Promise<void> {
    const {load, tell} = this.#options;
    const loading: Loading = {epoch, abort: new AbortController(), progress: null, loaded: null};
    this.#loading = loading;
    const {signal} = loading.abort;
    try {
      const loaded = await load(shard, {
        signal,
        onProgress: (progress) => {
          loading.progress = progress;
          if (!signal.aborted) this.#options.onProgress();
        },
        onLost: (cause) => {
          this.#lose(loading, cause);
        },
      });
      if (signal.aborted) {
        await loaded.runner.close();
        return;
      }
      loading.loaded = loaded;
      tell({kind: 'loaded', epoch});
    } catch (error) {
      if (!signal.aborted) this.#fail(epoch, error);
    }
  }

  /** Ends a load, and frees what it brought. */
  discard(epoch: number, why: string): void {
    const loading = this.#loading;
    if (loading?.epoch !== epoch) return;
    this.#loading = null;
    loading.abort.abort(new WeftError({code: 'CLAIM_LOST'}, why));
    void loading.loaded?.runner.close();
  }

  /**
   * What was loaded is served from here on.
   *
   * @returns it, and what was served before: to be closed once nothing runs in it.
   */
  take(epoch: number): {readonly loaded: LoadedShard; readonly before: LoadedShard | null} {
    const loaded = this.#loading?.epoch === epoch ? this.#loading.loaded : null;
    assert(loaded !== null, `a shard was loaded under epoch ${epoch}`);
    const before = this.#served;
    this.#loading = null;
    this.#served = loaded;
    return {loaded, before};
  }

  /** Serves nothing, and frees what is left of an engine that was lost. */
  drop(): void {
    const lost = this.#served;
    this.#served = null;
    void lost?.runner.close();
  }

  async close(): Promise<void> {
    if (this.#loading !== null) this.discard(this.#loading.epoch, 'this tab leaves');
    await this.#served?.runner.close();
  }

  #lose(loading: Loading, cause: unknown): void {
    if (loading.loaded === null) return; // Loading fails by itself.
    if (loading.loaded === this.#served) {
      const {tell, nowMs} = this.#options;
      tell({kind: 'engine-lost', message: messageOf(cause), nowMs: nowMs()});
    } else if (loading === this.#loading) this.#fail(loading.epoch, cause);
  }

  #fail(epoch: number, error: unknown): void {
    const {tell, nowMs} = this.#options;
    const code = isWeftError(error) ? error.detail.code : 'SHARD_FAILED';
    tell({kind: 'load-failed', epoch, code, message: messageOf(error), nowMs: nowMs()});
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
