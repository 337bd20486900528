import {unreachable} from '#shared/base/assert.ts';
import type {BuildVocabulary, Vocabulary} from '#shared/client/model/vocabulary.ts';
import type {ChatMessage, RenderOptions} from '#shared/model/text/chat/chat-template.ts';
import {ChatTemplateError} from '#shared/model/text/chat/chat-template-error.ts';
import {bytesOfToken} from './token-table.ts';
import type {TokenTable, VocabularyReply, VocabularyRequest} from './vocabulary-messages.ts';

/** As much of a `Worker` as this needs. */
export type VocabularyWorker = Pick<Worker, 'addEventListener' | 'terminate'> & {
  postMessage(request: VocabularyRequest, transfer: Transferable[]): void;
};

type Chat = {readonly messages: readonly ChatMessage[]; readonly options: RenderOptions};
type Encoding = PromiseWithResolvers<readonly number[]> & Chat;

/**
 * A vocabulary that is built, and encodes chats, in a thread of its own: both would block the page.
 * The page keeps the bytes of the tokens, so that answers are shown at once. Without that thread, or
 * when it fails, the page does it all.
 */
export class VocabularyBuilder {
  readonly #openWorker: () => VocabularyWorker;
  readonly #threads: VocabularyThread[] = [];

  constructor(openWorker: () => VocabularyWorker = open) {
    this.#openWorker = openWorker;
  }

  readonly build: BuildVocabulary = async (header) => {
    let worker: VocabularyWorker;
    try {
      worker = this.#openWorker();
    } catch {
      return buildOnPage(header); // The browser forbids it.
    }
    const thread = new VocabularyThread(worker, header);
    this.#threads.push(thread);
    return thread.built;
  };

  /** Ends the threads; who waits for one gets an `AbortError`. */
  close(): void {
    for (const thread of this.#threads.splice(0)) thread.close();
  }
}

class VocabularyThread {
  readonly built: Promise<Vocabulary>;
  readonly #worker: VocabularyWorker;
  readonly #header: Uint8Array<ArrayBuffer>;
  readonly #table = Promise.withResolvers<TokenTable | null>();
  readonly #encodings = new Map<number, Encoding>();
  #isLost = false;
  #onPage: Promise<Vocabulary> | null = null;
  #callCount = 0;

  constructor(worker: VocabularyWorker, header: Uint8Array<ArrayBuffer>) {
    this.#worker = worker;
    this.#header = header;
    worker.addEventListener('message', ({data}: MessageEvent<VocabularyReply>) => {
      this.#take(data);
    });
    worker.addEventListener('error', this.#lose);
    worker.addEventListener('messageerror', this.#lose);
    worker.postMessage({kind: 'build', header}, []);
    this.built = this.#vocabulary();
  }

  close(): void {
    this.#worker.terminate();
    const closed = new DOMException('The tab left the swarm', 'AbortError');
    this.#table.reject(closed);
    for (const {reject} of this.#encodings.values()) reject(closed);
    this.#encodings.clear();
  }

  async #vocabulary(): Promise<Vocabulary> {
    const table = await this.#table.promise;
    if (table === null) return this.#buildOnPage();
    return {
      encodeChat: async (messages, options) => this.#encode({messages, options}),
      tokenBytes: (tokenId) => bytesOfToken(table, tokenId),
    };
  }

  #encode(chat: Chat): Promise<readonly number[]> {
    if (this.#isLost) return this.#encodeOnPage(chat);
    this.#callCount += 1;
    const encoding = {...Promise.withResolvers<readonly number[]>(), ...chat};
    this.#encodings.set(this.#callCount, encoding);
    this.#worker.postMessage({kind: 'encode', callId: this.#callCount, ...chat}, []);
    return encoding.promise;
  }

  #take(reply: VocabularyReply): void {
    switch (reply.kind) {
      case 'built':
        this.#table.resolve(reply.table);
        return;
      case 'encoded':
        this.#encodings.get(reply.callId)?.resolve(reply.tokenIds);
        this.#encodings.delete(reply.callId);
        return;
      case 'refused':
        this.#encodings.get(reply.callId)?.reject(new ChatTemplateError(reply.reason));
        this.#encodings.delete(reply.callId);
        return;
      case 'failed':
        this.#lose();
        return;
      default:
        unreachable(reply);
    }
  }

  readonly #lose = (): void => {
    this.#isLost = true;
    this.#worker.terminate();
    const waiting = [...this.#encodings.values()];
    this.#encodings.clear();
    this.#table.resolve(null);
    for (const {resolve, messages, options} of waiting)
      resolve(this.#encodeOnPage({messages, options}));
  };

  async #encodeOnPage({messages, options}: Chat): Promise<readonly number[]> {
    const vocabulary = await this.#buildOnPage();
    return vocabulary.encodeChat(messages, options);
  }

  #buildOnPage(): Promise<Vocabulary> {
    this.#onPage ??= buildOnPage(this.#header);
    return this.#onPage;
  }
}

/** Loaded then only: with the thread, a page needs neither tokenizer nor template. */
const buildOnPage: BuildVocabulary = async (header) => {
  const {buildVocabulary} = await import('#shared/client/model/build-vocabulary.ts');
  return buildVocabulary(header);
};

function open(): Worker {
  return new Worker(new URL('vocabulary.worker.ts', import.meta.url), {type: 'module'});
}
