import {asManifestHash, asPeerId, type PeerId} from '#shared/base/ids.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {GenerationClient, sessionIdFrom} from '#shared/client/generation-client.ts';
import type {ChainChoice} from '#shared/client/route-answer.ts';
import {
  GENERATION_LIMITS,
  type GenerationLimits,
} from '#shared/session/generation/state/generation-task.ts';
import type {HopReport} from '#shared/session/generation/state/hop-conduct.ts';
import {HOP_LIMITS, type HopLimits} from '#shared/session/serve-hop/hop-session/hop-context.ts';
import {MemoryNetwork} from '#shared/transport/testing/memory-transport.ts';
import type {Transport} from '#shared/transport/transport.ts';
import type {Sampling} from '#shared/protocol/control/open-session.ts';
import type {SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import {lyingTransport, type Distort} from '#shared/testing/lies/lying-transport.ts';
import {tinySpec} from '#shared/testing/tiny-spec.ts';
import type {ObservedStep} from '../../measure/speed-meter.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import {createStubShardRunner} from '../../engine/stub/stub-shard-runner.ts';
import {HopServer} from '../hop-server.ts';
import {routeFrames} from '#shared/transport/post/route-frames.ts';

export const MANIFEST_HASH = asManifestHash('ab'.repeat(32));
const LIMITS: HopLimits = {
  ...HOP_LIMITS,
  maxSessions: 4,
  maxQueuedSteps: 64,
  idleTimeoutMs: 1_000,
};

export type RingNode = {
  readonly peerId: PeerId;
  readonly range: LayerRange;
  readonly server: HopServer;
  readonly transport: Transport;
};

/** Hops with stub engines on one memory network, and clients that ask over chosen chains. */
export class RingSwarm {
  readonly network = new MemoryNetwork();
  readonly spec: ModelSpec;
  readonly nodes: RingNode[] = [];
  /** What each step of each hop took. */
  readonly steps: ObservedStep[] = [];
  /** What its clients report of hops. */
  readonly reports: HopReport[] = [];
  nowMs = 0;
  /** What a client hears for which there is no chain. */
  whyNoChain: Pick<MissingLayers, 'why' | 'mostKvTokens'> = {why: 'no-node'};
  /** How far its clients go; they do not wait for room unless a test says so. */
  limits: GenerationLimits = {...GENERATION_LIMITS, patienceMs: 0};
  #sessionCount = 0;

  constructor(spec: Partial<ModelSpec> = {}) {
    // No end token unless a test is about it: which token comes when is the hash's business.
    this.spec = tinySpec({endTokenIds: [], ...spec});
  }

  /** A hop that serves this range; engine calls resolve in their own turn of the event loop. */
  addNode(
    name: string,
    range: LayerRange,
    options: {
      readonly limits?: Partial<HopLimits>;
      readonly kvTokens?: number;
      readonly onChange?: () => void;
      /** What this hop sends in place of what an honest one does. */
      readonly distort?: Distort;
      /** A transport in place of its own. */
      readonly over?: (transport: Transport) => Transport;
    } = {},
  ): RingNode {
    const peerId = asPeerId(name);
    const joined = this.network.join(peerId);
    const {distort, over = (own) => own} = options;
    const transport = over(distort === undefined ? joined : lyingTransport(joined, distort));
    const server = new HopServer({
      transport,
      manifestHash: MANIFEST_HASH,
      spec: this.spec,
      grid: {layerCount: this.spec.layerCount, cutEvery: 1},
      limits: {...LIMITS, ...options.limits},
      nowMs: () => this.nowMs,
      stopwatchMs: () => performance.now(),
      onStep: (step) => {
        this.steps.push(step);
      },
      onChange: options.onChange ?? (() => undefined),
      onSampled: () => undefined,
      onEngineLost: () => undefined,
    });
    const runner = createStubShardRunner({
      spec: this.spec,
      range,
      fixedMsPerLayer: 0,
      msPerTokenLayer: 0,
      kvTokens: options.kvTokens ?? 1_000,
      waitMs: () => new Promise((resolve) => void setImmediate(resolve)),
    });
    server.serve({runner, range: {...range, embedding: true, lmHead: true}});
    routeFrames(transport, {
      client: {receive: () => false},
      hop: () => server,
      onMalformed: () => {
        server.countMalformed();
      },
    });
    const node = {peerId, range, server, transport};
    this.nodes.push(node);
    return node;
  }

  /** A client that takes the first of these chains whose hops have not refused. */
  addClient(
    name: string,
    chains: readonly (readonly RingNode[])[],
    manifestHash = MANIFEST_HASH,
  ): GenerationClient {
    const transport = this.network.join(asPeerId(name));
    const client = new GenerationClient({
      transport,
      manifestHash,
      spec: this.spec,
      limits: this.limits,
      publishedAtMs: () => 0,
      chooseChain: ({avoid}): ChainChoice => {
        const chain = chains.find((hops) => !hops.some(({peerId}) => avoid.has(peerId)));
        if (chain === undefined) {
          const [avoided] = avoid.values();
          const why = avoided === undefined ? this.whyNoChain : {why: avoided};
          return {kind: 'gap', missing: [{startLayer: 0, endLayer: this.spec.layerCount, ...why}]};
        }
        const hops = chain.map(({peerId, range}) => ({peerId, ...range}));
        return {kind: 'chain', hops, stepMs: 1, promptTokenMs: 1};
      },
      report: (report) => {
        this.reports.push(report);
      },
      // The chains of a test do not change: whoever waits for others, waits until its reader stops.
      onSnapshot: () => undefined,
      nowMs: () => performance.now(),
      unixMs: () => 0,
      newSessionId: () => {
        this.#sessionCount += 1;
        return sessionIdFrom(Uint8Array.of(0, 0, 0, 0, 0, 0, name.length, this.#sessionCount));
      },
    });
    routeFrames(transport, {client, hop: () => null, onMalformed: () => undefined});
    return client;
  }

  /** Waits until no hop has a session open: everything that was sent has arrived. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 200; turn += 1) {
      await new Promise((resolve) => void setImmediate(resolve));
    }
  }

  /** Sessions that are open, and caches that wait to be resumed, of all hops. */
  heldSessions(): number {
    return this.nodes.reduce(
      (sum, {server}) => sum + server.load.openSessions + server.load.waitingCaches,
      0,
    );
  }
}

export const GREEDY = {temperature: 0, topK: 0, topP: 1, seed: 0, topLogprobs: 3};

/** Everything that a client gets, until the end. */
export async function collectTokens(
  client: GenerationClient,
  promptTokenIds: readonly number[],
  options: {
    readonly maxNewTokens?: number;
    readonly sampling?: Sampling;
    readonly signal?: AbortSignal;
  } = {},
): Promise<readonly SampledToken[]> {
  const {maxNewTokens = 12, sampling = GREEDY} = options;
  const {signal = new AbortController().signal} = options;
  const tokens: SampledToken[] = [];
  const request = {promptTokenIds, maxNewTokens, sampling};
  for await (const event of client.generate(request, {signal})) {
    if (event.kind === 'token') tokens.push(event.token);
  }
  return tokens;
}
