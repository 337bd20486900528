import {mostPositions} from '../../model/model-spec.ts';
import {LENT_KV_TOKENS} from '../../session/lent-kv-tokens.ts';
import type {NodeRecord} from '../../protocol/node-record.ts';
import {ClientOverlay} from '../../scheduling/routing/load/client-overlay.ts';
import {publishedAtMs, type SwarmSnapshot} from '../../scheduling/swarm-snapshot.ts';
import {GENERATION_LIMITS} from '../../session/generation/state/generation-task.ts';
import type {Transport} from '../../transport/transport.ts';
import type {ChatService} from './chat-service.ts';
import type {EngineHop} from './engine-hop.ts';
import {SwarmChatService} from './swarm-chat-service.ts';
import {chooseChain} from './choose-chain.ts';
import {toChainHop} from '../route-answer.ts';
import {confirmedSpeeds} from './confirmed-speeds.ts';
import {GenerationClient, sessionIdFrom} from '../generation-client.ts';
import type {OfferedModel} from '../model/load-manifest.ts';
import {loadVocabulary} from '../model/load-vocabulary.ts';
import type {BuildVocabulary, Vocabulary, VocabularyProgress} from '../model/vocabulary.ts';
import {VocabularyLoad} from '../vocabulary/vocabulary-load.ts';

/** The swarm of one model, as whoever asks it sees it. */
export type AskedSwarm = {
  readonly model: OfferedModel;
  readonly transport: Transport;
  /** Unix time, corrected by the server's clock. */
  readonly nowMs: () => number;
  readonly snapshot: () => SwarmSnapshot;
  /** The live records as they were last read. */
  readonly records: () => readonly NodeRecord[];
  /** Calls `listener` on every new snapshot. */
  readonly onSnapshot: (listener: () => void) => () => void;
};

export type Chat = {
  readonly service: ChatService;
  /** Takes the frames that are addressed to whoever asks. */
  readonly client: GenerationClient<EngineHop>;
  /** Fetches what turns text into tokens, so that the first question need not wait for it. */
  readonly prepare: (onProgress?: (progress: VocabularyProgress) => void) => Promise<void>;
  /** What turns text into tokens; `null` when the model is offered for token ids only. */
  readonly vocabulary: () => Promise<Vocabulary | null>;
};

/**
 * Everything that a page, a server or a test needs to ask a swarm.
 *
 * @param options.build of the vocabulary, on which thread.
 */
export function createChat(swarm: AskedSwarm, options: {readonly build: BuildVocabulary}): Chat {
  const overlay = watchingOverlay(swarm);
  const client = createClient(swarm, overlay);
  const load = vocabularyOf(swarm.model, options.build);
  const vocabulary = async () => load?.get() ?? null;
  const service = new SwarmChatService({
    client,
    vocabulary,
    ...(load && {progress: () => load.progress()}),
    contextTokens: mostPositions(swarm.model.manifest.spec, LENT_KV_TOKENS),
    onServed: (hops) => {
      for (const {peerId, msPerLayer} of confirmedSpeeds(hops)) {
        overlay.observe(peerId, msPerLayer, swarm.nowMs());
      }
    },
  });
  return {
    service,
    client,
    vocabulary,
    prepare: async (onProgress) => {
      for await (const progress of load?.progress() ?? []) onProgress?.(progress);
      await vocabulary();
    },
  };
}

/** Loaded when it is first wanted; `null` when the model is offered for token ids only. */
function vocabularyOf(model: OfferedModel, build: BuildVocabulary): VocabularyLoad | null {
  if (model.manifest.text === null) return null;
  const {signal} = new AbortController();
  return new VocabularyLoad((onProgress) => loadVocabulary(model, {signal, build, onProgress}));
}

/** Receives all records, also while nothing is asked. */
function watchingOverlay(swarm: AskedSwarm): ClientOverlay {
  const overlay = new ClientOverlay();
  swarm.onSnapshot(() => {
    overlay.see(swarm.records(), swarm.nowMs());
  });
  return overlay;
}

function createClient(swarm: AskedSwarm, overlay: ClientOverlay): GenerationClient<EngineHop> {
  const {model, transport} = swarm;
  const {spec, cutEvery} = model.manifest;
  const asked = {layerCount: spec.layerCount, cutEvery, hiddenSize: spec.hiddenSize};
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  return new GenerationClient<EngineHop>({
    transport,
    manifestHash: model.manifestHash,
    spec,
    limits: GENERATION_LIMITS,
    chooseChain: (wish) =>
      chooseChain({snapshot: swarm.snapshot(), model: asked}, wish, {overlay, seed}),
    publishedAtMs: (peerId) => publishedAtMs(swarm.snapshot(), peerId),
    promise: (hops) => {
      const chain = overlay.promise(hops.map(toChainHop), swarm.nowMs());
      return () => {
        overlay.release(chain, swarm.nowMs());
      };
    },
    report: (report) => {
      overlay.report(report, swarm.nowMs());
    },
    timed: (hops, stepMs) => {
      overlay.timed(hops.map(toChainHop), stepMs, swarm.snapshot());
    },
    onSnapshot: swarm.onSnapshot,
    nowMs: () => performance.now(),
    unixMs: swarm.nowMs,
    newSessionId: () => sessionIdFrom(crypto.getRandomValues(new Uint8Array(8))),
  });
}
