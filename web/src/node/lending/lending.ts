import type {RecordPublisher} from '#shared/directory/record-publisher.ts';
import {LIVE_TARGET} from '#shared/scheduling/allocation/allocation-target.ts';
import {claimLimitFor} from '#shared/scheduling/claim-limit.ts';
import {ClaimWatch} from '#shared/scheduling/allocation/placement/claim-watch.ts';
import {
  CLAIM_SETTLE_MS,
  decidePlacement,
} from '#shared/scheduling/allocation/placement/decide-placement.ts';
import type {PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import type {EngineFallback, LendState} from '../../ports/lend-service.ts';
import type {LabLendRequest} from './lab-lend.ts';
import {OwnSpeed} from './own-speed.ts';
import {NO_MEMORY} from '../engine/shard-memory.ts';
import {PlacementLoop, type PlacementState, type ReadyShard} from './placement-loop.ts';
import {HOP_LIMITS} from '#shared/session/serve-hop/hop-session/hop-context.ts';
import {HopServer} from '../serving/hop-server.ts';
import type {SwarmMembership} from '../swarm/swarm-membership.ts';
import {isCutOff} from './is-cut-off.ts';
import {DRAIN_MS, KV_TOKENS, limitsOf, LOOK_AROUND_MS, SWEEP_EVERY_MS} from './lending-limits.ts';
import {
  capacityOf,
  declaredSpeedOf,
  EXPECTED_ENGINE_CLASSES,
  loadShard,
  type LoadedShard,
  type LoadOptions,
} from './shard-loader.ts';

/** One stay in the swarm, from the first record to the farewell. */
export class Lending {
  readonly hop: HopServer;
  readonly #membership: SwarmMembership;
  readonly #request: LabLendRequest;
  readonly #onState: (state: LendState) => void;
  readonly #publisher: RecordPublisher;
  readonly #loop: PlacementLoop;
  readonly #speed: OwnSpeed;
  readonly #claims = new ClaimWatch();
  readonly #unsubscribe: () => void;
  readonly #sweep: ReturnType<typeof setInterval>;
  #loaded: LoadedShard | null = null;
  #fallback: EngineFallback | null = null;
  #placement: PlacementState | {readonly kind: 'leaving'; readonly shard: PlacedShard} = {
    kind: 'waiting',
    why: 'it looks for other tabs',
  };
  #epoch = 0;
  #hasLookedAround = false;
  #closing: Promise<void> | null = null;
  #onChange: () => void = () => undefined;
  /** Aborted when nobody waits any more for the answers that still run. */
  readonly #leavingAtOnce = new AbortController();

  constructor(
    membership: SwarmMembership,
    request: LabLendRequest,
    onState: (state: LendState) => void,
  ) {
    this.#membership = membership;
    this.#request = request;
    this.#onState = onState;
    this.hop = this.#openHop();
    const {manifest} = membership.model;
    this.#publisher = membership.publish({
      capacityLayers: capacityOf(manifest, request),
      engineClass: EXPECTED_ENGINE_CLASSES[request.engine],
      maxSessions: HOP_LIMITS.maxSessions,
      kvTokensFree: KV_TOKENS,
      ...declaredSpeedOf(request),
      isServing: () => this.hop.load.openSessions > 0,
    });
    this.#speed = new OwnSpeed({
      hop: this.hop,
      hiddenSize: manifest.spec.hiddenSize,
      onDevice: (listener) => membership.onDevice(listener),
      publisher: this.#publisher,
    });
    this.#loop = this.#planLayers();
    this.#unsubscribe = membership.onSnapshot(() => {
      this.#claims.see(membership.records(), membership.nowMs());
      if (this.#hasLookedAround) this.#loop.update();
    });
    void this.#lookAround();
    const sweepEveryMs = Math.min(SWEEP_EVERY_MS, limitsOf(request).idleTimeoutMs);
    this.#sweep = setInterval(() => {
      this.hop.sweep();
      this.#show();
    }, sweepEveryMs);
    this.#show();
  }

  #openHop(): HopServer {
    const {model, transport, nowMs} = this.#membership;
    const {spec, cutEvery} = model.manifest;
    return new HopServer({
      transport,
      manifestHash: model.manifestHash,
      spec,
      grid: {layerCount: spec.layerCount, cutEvery},
      limits: limitsOf(this.#request),
      nowMs,
      stopwatchMs: () => performance.now(),
      onStep: (step) => {
        this.#speed.observe(step);
      },
      onChange: () => {
        this.#publishLoad();
        this.#onChange();
      },
      onEngineLost: (cause) => {
        this.#loseEngine(cause);
      },
    });
  }

  #planLayers(): PlacementLoop {
    const {model, transport} = this.#membership;
    const {spec, cutEvery, file} = model.manifest;
    const claimLimit = claimLimitFor(file.byteLength / spec.layerCount);
    return new PlacementLoop({
      decide: () =>
        decidePlacement({
          snapshot: this.#membership.snapshotWith(this.#publisher.current()),
          model: {layerCount: spec.layerCount, cutEvery},
          self: transport.localPeerId,
          target: LIVE_TARGET,
          claimLimit,
          claimedMs: (nodeId) => this.#claims.claimedMs(nodeId),
        }),
      publishClaim: (shard) => this.#publishClaim(shard),
      load: (shard, options) =>
        this.#load(shard, {
          ...options,
          onLost: (cause) => {
            // An answer that runs here hears of it by its next step.
            if (this.hop.load.openSessions === 0) this.#loseEngine(cause);
          },
        }),
      onState: (state) => {
        if (state.kind === 'failed') {
          this.#fail(state.code, state.message);
          return;
        }
        this.#placement = state;
        this.#show();
      },
      settleMs: CLAIM_SETTLE_MS,
    });
  }

  /** Takes nothing more on, lets the answers that run come to their end, and closes. */
  async leave(): Promise<void> {
    this.#unsubscribe();
    this.#loop.close();
    this.hop.drain();
    const {shard} = this.#placement.kind === 'serving' ? this.#placement : {shard: null};
    if (shard !== null) this.#placement = {kind: 'leaving', shard};
    this.#show();
    // The others plan without this tab from here on.
    await this.#publisher.stop();
    await this.#idle();
    await this.close();
  }

  /** Ends the wait of `leave`. */
  leaveAtOnce(): void {
    this.#leavingAtOnce.abort();
  }

  /** Leaves at once: answers that run here are ended. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#sweep);
    this.#unsubscribe();
    this.#speed.close();
    this.#loop.close();
    this.hop.close();
    await this.#publisher.stop();
    await this.#loaded?.runner.close();
  }

  /** Resolves when no answer runs here, or when it has waited long enough. */
  async #idle(): Promise<void> {
    const limit = AbortSignal.any([this.#leavingAtOnce.signal, AbortSignal.timeout(DRAIN_MS)]);
    await new Promise<void>((resolve) => {
      this.#onChange = () => {
        if (this.hop.load.openSessions === 0 || limit.aborted) resolve();
      };
      limit.addEventListener('abort', this.#onChange);
      this.#onChange();
    });
  }

  crashEngine(): void {
    this.#loaded?.crash();
  }

  /**
   * Tabs that join in the same second first see each other, without claims: then
   * all of them place all of them in the same order, and no two want the same layers.
   */
  async #lookAround(): Promise<void> {
    await this.#publisher.settled();
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_AROUND_MS);
    });
    this.#hasLookedAround = true;
    this.#loop.update();
  }

  async #publishClaim(shard: PlacedShard | null): Promise<void> {
    this.#epoch += 1;
    const claimedAtMs = Math.round(this.#membership.nowMs());
    const claim = shard === null ? null : {...shard, epoch: this.#epoch, claimedAtMs};
    this.#publisher.update({claim});
    await this.#publisher.settled();
  }

  async #load(shard: PlacedShard, options: LoadOptions): Promise<ReadyShard> {
    // A GPU that failed once is not asked again.
    const engine = this.#fallback === null ? this.#request.engine : 'wasm';
    const request = {...this.#request, engine};
    const loaded = await loadShard(this.#membership.model, shard, request, options);
    return {
      serve: () => this.#serve(shard, loaded),
      discard: () => loaded.runner.close(),
    };
  }

  async #serve(shard: PlacedShard, loaded: LoadedShard): Promise<void> {
    const before = this.#loaded;
    this.#loaded = loaded;
    this.#fallback ??= loaded.fallback;
    this.hop.serve({runner: loaded.runner, range: shard});
    await before?.runner.close();
    const {engineClass, speed} = loaded;
    this.#publisher.update({
      shards: [shard],
      engineClass,
      claim: null,
      ...this.#speed.begin(speed),
    });
    await this.#publisher.settled();
  }

  #publishLoad(): void {
    const {openSessions, kvTokensReserved} = this.hop.load;
    const kvTokensFree = Math.max(0, KV_TOKENS - kvTokensReserved);
    this.#publisher.update({openSessions, kvTokensFree});
    this.#show();
  }

  #loseEngine(cause: unknown): void {
    // Once it is replaced or not yet there, it is not this lending's loss.
    if (this.#placement.kind !== 'serving') return;
    const sentence = `The engine of this tab stopped (${cause instanceof Error ? cause.message : String(cause)}): lend the tab again`;
    this.#fail('ENGINE_LOST', sentence);
  }

  /** The tab leaves: a record that stays would keep its place in everybody's plan. */
  #fail(code: string, message: string): void {
    if (this.#placement.kind === 'failed') return;
    this.#placement = {kind: 'failed', code, message};
    void this.close();
    this.#show();
  }

  #show(): void {
    this.#onState(this.#view());
  }

  #view(): LendState {
    const placement = this.#placement;
    switch (placement.kind) {
      case 'waiting':
      case 'spare':
      case 'failed':
        return placement;
      case 'leaving':
        return {
          kind: 'leaving',
          layers: placement.shard,
          openSessions: this.hop.load.openSessions,
        };
      case 'claiming':
        return {kind: 'claiming', layers: placement.shard, why: placement.why};
      case 'loading': {
        const progress = placement.progress ?? {step: 'weights', done: 0, total: 0};
        return {kind: 'loading', layers: placement.shard, why: placement.why, ...progress};
      }
      case 'serving':
        return this.#servingView(placement);
    }
  }

  #servingView({shard, why}: Extract<PlacementState, {kind: 'serving'}>): LendState {
    const traffic = this.#membership.transport.traffic();
    return {
      kind: 'serving',
      layers: shard,
      why,
      engine: this.#loaded?.engineClass ?? '',
      engineFallback: this.#fallback,
      decodeMsPerLayer: this.#publisher.current()?.decodeMsPerLayer.perSessionMs ?? 0,
      openSessions: this.hop.load.openSessions,
      servedTokens: this.hop.load.servedTokens,
      ...(this.#loaded?.runner.memory() ?? NO_MEMORY),
      bytesSent: traffic.reduce((sum, {sentBytes}) => sum + sentBytes, 0),
      bytesReceived: traffic.reduce((sum, {receivedBytes}) => sum + receivedBytes, 0),
      isCutOff: isCutOff(
        this.#membership
          .records()
          .map(({peerId}) => peerId)
          .filter((peerId) => peerId !== this.#membership.peerId),
        this.#publisher.current()?.unreachable ?? [],
      ),
    };
  }
}
