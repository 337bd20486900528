import type {RecordPublisher} from '#shared/directory/record-publisher.ts';
import {LIVE_TARGET} from '#shared/scheduling/allocation/allocation-target.ts';
import {kvTokensBeside} from '#shared/model/session-kv.ts';
import {claimLimitFor} from '#shared/scheduling/claim-limit.ts';
import type {PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import {
  beginVolunteer,
  type PublishedLayers,
  type VolunteerAction,
  type VolunteerState,
} from '#shared/session/hold-layers/volunteer-state.ts';
import {Volunteer} from '#shared/session/hold-layers/volunteer.ts';
import type {EngineFallback, LendState} from '../../ports/lend-service.ts';
import {HOP_LIMITS} from '#shared/session/serve-hop/hop-session/hop-context.ts';
import {NO_MEMORY} from '../engine/shard-memory.ts';
import {ServedMeter} from '../measure/served-meter.ts';
import {HopServer} from '../serving/hop-server.ts';
import type {SwarmMembership} from '../swarm/swarm-membership.ts';
import {isCutOff} from './is-cut-off.ts';
import {withRealEngine, type EngineFault, type LabLendRequest, type LendLoad} from './lab-lend.ts';
import {LENT_KV_TOKENS} from '#shared/session/lent-kv-tokens.ts';
import {limitsOf, SWEEP_EVERY_MS} from './lending-limits.ts';
import {keepSentences} from './sentences/keep-sentences.ts';
import {turnSentences} from './sentences/turn-sentences.ts';
import {lendView} from './lend-view.ts';
import {
  capacityOf,
  declaredSpeedOf,
  EXPECTED_ENGINE_CLASSES,
  loadShard,
  type LoadOptions,
} from './shard-loader.ts';
import {ShardShelf} from './shard-shelf.ts';
import {OwnSpeed} from './own-speed.ts';

/** One stay in the swarm, from the first record to the farewell: drives a volunteer in this tab. */
export class Lending {
  readonly #hop: HopServer;
  readonly #membership: SwarmMembership;
  readonly #request: LabLendRequest;
  readonly #onState: (state: LendState) => void;
  readonly #volunteer: Volunteer;
  readonly #publisher: RecordPublisher;
  readonly #shelf: ShardShelf;
  readonly #speed: OwnSpeed;
  readonly #served = new ServedMeter();
  readonly #unsubscribe: () => void;
  readonly #sweep: ReturnType<typeof setInterval>;
  readonly #wakers = new Set<ReturnType<typeof setTimeout>>();
  readonly #closed = Promise.withResolvers<void>();
  #isClosed = false;
  #goodbye: Promise<void> | null = null;
  #fallback: EngineFallback | null = null;

  constructor(
    membership: SwarmMembership,
    request: LabLendRequest,
    onState: (state: LendState) => void,
  ) {
    this.#membership = membership;
    this.#request = withRealEngine(request, membership.swarmId);
    this.#onState = onState;
    const {manifest} = membership.model;
    this.#volunteer = new Volunteer(volunteerOf(membership), (action) => {
      this.#act(action);
    });
    this.#hop = this.#openHop();
    this.#publisher = membership.publish({
      capacityLayers: capacityOf(manifest, this.#request),
      engineClass: EXPECTED_ENGINE_CLASSES[this.#request.engine],
      maxSessions: HOP_LIMITS.maxSessions,
      kvTokensFree: LENT_KV_TOKENS,
      kvTokens: LENT_KV_TOKENS,
      ...declaredSpeedOf(this.#request),
      isServing: () => this.#hop.load.openSessions > 0,
    });
    this.#speed = new OwnSpeed({
      hop: this.#hop,
      hiddenSize: manifest.spec.hiddenSize,
      onDevice: (listener) => membership.onDevice(listener),
      publisher: this.#publisher,
    });
    this.#shelf = new ShardShelf({
      load: (shard, options) => this.#load(shard, options),
      tell: (event) => {
        this.#volunteer.tell(event);
        this.#show();
      },
      onProgress: () => {
        this.#show();
      },
      nowMs: membership.nowMs,
    });
    this.#unsubscribe = membership.onSnapshot(() => {
      this.#look();
    });
    const sweepEveryMs = Math.min(SWEEP_EVERY_MS, limitsOf(request).idleTimeoutMs);
    this.#sweep = setInterval(() => {
      this.#hop.sweep();
      this.#attachServed();
      this.#show();
    }, sweepEveryMs);
    void this.#tellOncePublished(0);
    this.#show();
  }

  /** The hop that this tab is; `null` once it has left. */
  get hop(): HopServer | null {
    return this.#isClosed ? null : this.#hop;
  }

  /** What this tab holds for others, or what was left when it failed; `null` once it has left as it was asked to. */
  get load(): LendLoad | null {
    if (this.#volunteer.status.kind === 'left') return null;
    const {openSessions, queuedSteps, refusals, ...load} = this.#hop.load;
    const kvTokensReserved = load.kvTokensReserved.reduce((sum, tokens) => sum + tokens, 0);
    return {openSessions, kvTokensReserved, queuedSteps, refusals: Object.fromEntries(refusals)};
  }

  /** Leaves when the answers that run here have ended; at once when asked again. */
  async leave(): Promise<void> {
    this.#volunteer.tell({kind: 'leave'});
    this.#show();
    await this.#closed.promise;
  }

  disturbEngine(fault: EngineFault): void {
    if (fault.kind === 'crash') this.#shelf.served?.crash();
    else this.#shelf.served?.runner.slowDown(fault.factor);
  }

  #act(action: VolunteerAction): void {
    switch (action.kind) {
      case 'publish':
        this.#publish(action);
        return;
      case 'look':
        this.#look();
        return;
      case 'wake':
        this.#wake(action);
        return;
      case 'load':
        void this.#shelf.load(action.epoch, action.shard);
        return;
      case 'discard':
        this.#shelf.discard(action.epoch, action.why);
        return;
      case 'serve':
        this.#serve(action.epoch, action.shard);
        return;
      case 'drop':
        this.#hop.serve(null, 'ENGINE_LOST');
        this.#shelf.drop();
        return;
      case 'drain':
        this.#hop.drain();
        return;
      case 'reopen':
        this.#hop.reopen();
        return;
      case 'farewell':
        void this.#sayGoodbye();
        return;
      case 'close':
        this.#closed.resolve(this.#close());
    }
  }

  #look(): void {
    const snapshot = this.#membership.snapshotWith(this.#publisher.current());
    this.#volunteer.tell({kind: 'look', snapshot});
    this.#show();
  }

  #wake({epoch, afterMs}: {readonly epoch: number; readonly afterMs: number}): void {
    const waker = setTimeout(() => {
      this.#wakers.delete(waker);
      this.#volunteer.tell({kind: 'woken', epoch});
      this.#show();
    }, afterMs);
    this.#wakers.add(waker);
  }

  #publish({
    shards,
    claim,
    takesSessions,
    epoch,
  }: PublishedLayers & {readonly epoch: number}): void {
    const maxSessions = takesSessions ? HOP_LIMITS.maxSessions : 0;
    this.#publisher.update({shards, claim, maxSessions});
    void this.#tellOncePublished(epoch);
  }

  async #tellOncePublished(epoch: number): Promise<void> {
    await this.#publisher.settled();
    if (this.#isClosed) return;
    this.#volunteer.tell({kind: 'published', epoch});
    this.#show();
  }

  async #load(shard: PlacedShard, options: LoadOptions) {
    // A GPU that failed once is not asked again.
    const engine = this.#fallback === null ? this.#request.engine : 'wasm';
    return loadShard(this.#membership.model, shard, {...this.#request, engine}, options);
  }

  #serve(epoch: number, range: PlacedShard): void {
    const {loaded, before} = this.#shelf.take(epoch);
    const {runner, fallback, engineClass, speed} = loaded;
    this.#fallback ??= fallback;
    const speedFacts = this.#speed.begin(speed);
    this.#hop.serve({runner, range});
    void before?.runner.close();
    this.#publisher.update({engineClass, ...speedFacts});
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
      onSampled: (token) => {
        this.#served.sampled(token, performance.now());
      },
      onChange: () => {
        this.#publishLoad();
      },
      onEngineLost: (cause) => {
        const message = cause instanceof Error ? cause.message : String(cause);
        this.#volunteer.tell({kind: 'engine-lost', message, nowMs: nowMs()});
        this.#show();
      },
    });
  }

  #publishLoad(): void {
    const {openSessions, kvTokensReserved: others} = this.#hop.load;
    const range = this.#shelf.served?.runner.range;
    const kvTokensFree = range
      ? kvTokensBeside(this.#membership.model.manifest.spec, range, {
          kvTokens: LENT_KV_TOKENS,
          others,
        })
      : LENT_KV_TOKENS;
    this.#publisher.update({openSessions, kvTokensFree});
    this.#volunteer.tell({kind: 'sessions', openSessions});
    this.#show();
  }

  #attachServed(): void {
    this.#publisher.attach({served: this.#served.read(performance.now())});
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#sweep);
    for (const waker of this.#wakers) clearTimeout(waker);
    this.#unsubscribe();
    this.#speed.close();
    this.#hop.close();
    await this.#sayGoodbye();
    await this.#shelf.close();
  }

  /** Resolves when the directory has it, also when that was asked for before. */
  async #sayGoodbye(): Promise<void> {
    this.#goodbye ??= this.#publisher.stop();
    await this.#goodbye;
  }

  #show(): void {
    const view = lendView(this.#volunteer.status, {
      progress: this.#shelf.progress,
      openSessions: this.#hop.load.openSessions,
      serving: () => this.#servingFigures(),
    });
    if (view !== null) this.#onState(view);
  }

  #servingFigures() {
    const {transport, peerId} = this.#membership;
    const traffic = transport.traffic();
    const own = this.#publisher.current();
    const others = this.#membership
      .records()
      .map((record) => record.peerId)
      .filter((other) => other !== peerId);
    return {
      engine: this.#shelf.served?.engineClass ?? '',
      engineFallback: this.#fallback,
      news: [
        ...keepSentences(this.#shelf.served?.keepNews ?? []),
        ...turnSentences(own?.rtts ?? []),
      ],
      decodeMsPerLayer: this.#speed.decodeMsPerLayer,
      openSessions: this.#hop.load.openSessions,
      servedTokens: this.#hop.load.servedTokens,
      ...(this.#shelf.served?.runner.memory() ?? NO_MEMORY),
      bytesSent: traffic.reduce((sum, {sentBytes}) => sum + sentBytes, 0),
      bytesReceived: traffic.reduce((sum, {receivedBytes}) => sum + receivedBytes, 0),
      isCutOff: isCutOff(others, own?.unreachable ?? []),
    };
  }
}

function volunteerOf({model, transport}: SwarmMembership): VolunteerState {
  const {spec, cutEvery, file} = model.manifest;
  return beginVolunteer({
    self: transport.localPeerId,
    model: {layerCount: spec.layerCount, cutEvery},
    target: LIVE_TARGET,
    claimLimit: claimLimitFor(file.byteLength / spec.layerCount),
  });
}
