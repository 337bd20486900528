import {createChat, type Chat} from '#shared/client/chat/create-chat.ts';
import {loadManifest} from '#shared/client/model/load-manifest.ts';
import {KV_TOKENS} from '../../node/lending/lending-limits.ts';
import {routeFrames, type FrameReceivers} from '../../node/serving/route-frames.ts';
import {joinSwarm, type JoinOptions} from '../../node/swarm/join-swarm.ts';
import type {SwarmMembership} from '../../node/swarm/swarm-membership.ts';
import {VocabularyBuilder} from '../../node/vocabulary-worker/vocabulary-builder.ts';
import {parseWithoutEval} from './without-eval.ts';

export type AskingOptions = Omit<JoinOptions, 'model'> & {
  /** An id of the site's catalogue; by default, its first entry. */
  readonly modelId: string | undefined;
  /** The part of this node that serves others; by default there is none. */
  readonly serving?: Pick<FrameReceivers, 'hop' | 'onMalformed'>;
};

export type AskingNode = {readonly membership: SwarmMembership; readonly chat: Chat};

const NOTHING_SERVED = {hop: () => null, onMalformed: () => undefined};

/** A node that asks the swarm of one model: all of the widget's, and a part of every page's. */
export async function createAskingNode(options: AskingOptions): Promise<AskingNode> {
  parseWithoutEval();
  const {signal} = new AbortController();
  const model = await loadManifest(options.siteUrl, options.modelId, {signal});
  const membership = await joinSwarm({...options, model});
  const vocabularies = new VocabularyBuilder();
  const chat = createChat(
    {...membership, snapshot: () => membership.snapshotWith(null)},
    // What no tab can hold is refused at once, however long a context the model was trained for.
    {maxKvTokens: KV_TOKENS, build: vocabularies.build},
  );
  routeFrames(membership.transport, {client: chat.client, ...(options.serving ?? NOTHING_SERVED)});
  const close = async (): Promise<void> => {
    vocabularies.close();
    await membership.close();
  };
  return {membership: {...membership, close}, chat};
}
