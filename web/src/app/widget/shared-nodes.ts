import {SharedLoad} from '#shared/base/shared-load.ts';
import {untilAborted} from '#shared/base/until-aborted.ts';
import type {ChatService} from '../../ports/chat-service.ts';
import type {AskingNode, AskingOptions} from '../node/create-asking-node.ts';
import type {WatchedNetwork} from '../watch-network.ts';

export type NodeTarget = {readonly serverUrl: string; readonly model: string};

/** One widget's share of a node. */
export type NodeShare = {
  /** The first question of all widgets loads the code and joins the swarm. */
  readonly chat: ChatService;
  /** With the last share the node leaves the swarm. */
  release(): void;
};

type Environment = {
  /** Loads the code of a node, and joins. */
  readonly createNode: (options: AskingOptions) => Promise<AskingNode>;
  /** Tells when the page is hidden for good, as far as anybody knows. */
  readonly pageEvents: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
  /** What is known of the way to a server. */
  readonly networkTo: (serverUrl: string) => Pick<WatchedNetwork, 'serverState'>;
};

/** All widgets of a page that ask the same model of the same server do so through one node. */
export class SharedNodes {
  readonly #environment: Environment;
  readonly #nodes = new Map<string, SharedNode>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  share(target: NodeTarget): NodeShare {
    const key = JSON.stringify(target);
    let node = this.#nodes.get(key);
    if (node === undefined) {
      node = new SharedNode(target, this.#environment);
      this.#nodes.set(key, node);
    }
    const own = node;
    own.shareCount += 1;
    let isReleased = false;
    return {
      chat: {ask: (request, options) => own.ask(request, options)},
      release: () => {
        if (isReleased) return;
        isReleased = true;
        own.shareCount -= 1;
        if (own.shareCount > 0) return;
        this.#nodes.delete(key);
        own.leave();
      },
    };
  }
}

class SharedNode implements ChatService {
  shareCount = 0;
  readonly #target: NodeTarget;
  readonly #environment: Environment;
  #stay: Stay | null = null;

  constructor(target: NodeTarget, environment: Environment) {
    this.#target = target;
    this.#environment = environment;
  }

  async *ask(
    ...[request, options]: Parameters<ChatService['ask']>
  ): ReturnType<ChatService['ask']> {
    this.#stay ??= new Stay(this.#target, this.#environment, () => {
      this.leave();
    });
    const {chat} = await untilAborted(this.#stay.node.get(), options.signal);
    yield* chat.service.ask(request, options);
  }

  leave(): void {
    this.#stay?.end();
    this.#stay = null;
  }
}

/** From the first question until the page is hidden or nobody is left to ask. */
class Stay {
  readonly node: SharedLoad<AskingNode>;
  readonly #abandon = new Set<() => void>();
  readonly #pageEvents: Environment['pageEvents'];
  readonly #onPageHide: () => void;

  constructor(
    {serverUrl, model}: NodeTarget,
    {createNode, pageEvents, networkTo}: Environment,
    leave: () => void,
  ) {
    const network = networkTo(serverUrl);
    this.#pageEvents = pageEvents;
    this.#onPageHide = () => {
      // In this very task: a page that comes back joins again with its next question.
      for (const abandon of this.#abandon) abandon();
      leave();
    };
    pageEvents.addEventListener('pagehide', this.#onPageHide);
    this.node = new SharedLoad(() =>
      createNode({
        siteUrl: serverUrl,
        modelId: model === '' ? undefined : model,
        // A key in the storage of the page that embeds the widget would be there without a click.
        isEphemeral: true,
        // Who only asks tells nobody how fast it is.
        watchDevice: (listener) => {
          listener({hidden: false});
        },
        followPage: (life) => this.#abandon.add(life.leave),
        onServerState: (state) => {
          network.serverState(state);
        },
      }),
    );
  }

  end(): void {
    this.#pageEvents.removeEventListener('pagehide', this.#onPageHide);
    if (!this.node.hasBegun) return;
    void this.node.get().then(
      async ({membership}) => membership.close(),
      () => undefined, // It never came to be.
    );
  }
}
