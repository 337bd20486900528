import {createChat, type Chat} from '#shared/client/chat/create-chat.ts';
import {VocabularyBuilder} from '#shared/client/vocabulary/vocabulary-builder.ts';
import type {Patience} from '#shared/client/download/patience.ts';
import {loadManifest} from '#shared/client/model/load-manifest.ts';
import {readTextKind} from '#shared/model/text/metadata/supported-text.ts';
import {routeFrames, type FrameReceivers} from '#shared/transport/post/route-frames.ts';
import {joinSwarm, type JoinOptions} from '../../node/swarm/join-swarm.ts';
import {
  LocalNetworkAccess,
  type AskLocalNetwork,
} from '../../node/swarm/local-network/local-network-access.ts';
import type {SwarmMembership} from '../../node/swarm/swarm-membership.ts';
import {openVocabularyWorker} from '../../node/vocabulary-worker/open-vocabulary-worker.ts';
import {onNetworkChange} from './on-network-change.ts';
import {queryPermission} from './query-permission.ts';
import {parseWithoutEval} from './without-eval.ts';

export type AskingOptions = Omit<JoinOptions, 'model' | 'localNetwork' | 'onNetworkChange'> & {
  /** An id of the site's catalogue; by default, its first entry. */
  readonly modelId: string | undefined;
  /** How long a site that does not answer is tried; by default, as any download is. */
  readonly patience?: Patience;
  /** The part of this node that serves others; by default there is none. */
  readonly serving?: Pick<FrameReceivers, 'hop' | 'onMalformed'>;
  /** Explains the question of the browser before it comes; by default nobody does. */
  readonly askLocalNetwork?: AskLocalNetwork;
};

export type AskingNode = {readonly membership: SwarmMembership; readonly chat: Chat};

const NOTHING_SERVED = {hop: () => null, onMalformed: () => undefined};

/** A node that asks the swarm of one model: all of the widget's, and a part of every page's. */
export async function createAskingNode(options: AskingOptions): Promise<AskingNode> {
  parseWithoutEval();
  const {signal} = new AbortController();
  const localNetwork = new LocalNetworkAccess({
    pageHost: location.hostname,
    queryPermission,
    ask: options.askLocalNetwork ?? null,
  });
  await localNetwork.require(options.siteUrl);
  const {siteUrl, modelId, patience} = options;
  const model = await loadManifest(siteUrl, modelId, {signal, ...(patience && {patience})});
  // Nobody here could use its layers, so nothing of them is loaded.
  if (model.manifest.text) readTextKind(model.manifest.text);
  const membership = await joinSwarm({...options, model, localNetwork, onNetworkChange});
  const vocabularies = new VocabularyBuilder(openVocabularyWorker);
  const chat = createChat(
    {...membership, snapshot: () => membership.snapshotWith(null)},
    // What no tab can hold is refused at once, however long a context the model was trained for.
    {build: vocabularies.build},
  );
  routeFrames(membership.transport, {client: chat.client, ...(options.serving ?? NOTHING_SERVED)});
  const close = async (): Promise<void> => {
    vocabularies.close();
    await membership.close();
  };
  return {membership: {...membership, close}, chat};
}
