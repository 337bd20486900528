import {unreachable} from '../../base/assert.ts';
import type {BuildVocabulary, Vocabulary} from '../model/vocabulary.ts';
import {ChatTemplateError} from '../../model/text/chat/chat-template-error.ts';
import {encodePrompt} from './encode-prompt.ts';
import {bytesOfToken} from './token-table.ts';
import type {Encodable, VocabularyReply, VocabularyRequest} from './vocabulary-messages.ts';

/** As much of a `Worker` as this needs. */
export type VocabularyWorker = Pick<Worker, 'addEventListener' | 'terminate'> & {
  postMessage(request: VocabularyRequest, transfer: Transferable[]): void;
};

type Built = Omit<Extract<VocabularyReply, {readonly kind: 'built'}>, 'kind'>;

type Encoding = PromiseWithResolvers<readonly number[]> & {readonly prompt: Encodable};

/**
 * A vocabulary that is built, and encodes prompts, in a thread of its own: both would block a page, or
 * a server. Its owner keeps the bytes of the tokens, so that answers are shown at once. Without that
 * thread, or when it fails, the owner does it all.
 */
export class VocabularyBuilder {
  readonly #openWorker: () => VocabularyWorker;
  readonly #threads: VocabularyThread[] = [];

  constructor(openWorker: () => VocabularyWorker) {
    this.#openWorker = openWorker;
  }

  readonly build: BuildVocabulary = async (header, onPart) => {
    let worker: VocabularyWorker;
    try {
      worker = this.#openWorker();
    } catch {
      return buildHere(header); // The browser forbids it.
    }
    const thread = new VocabularyThread(worker, header, onPart);
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
  readonly #onPart: ((partsDone: number) => void) | undefined;
  readonly #built = Promise.withResolvers<Built | null>();
  readonly #encodings = new Map<number, Encoding>();
  #isLost = false;
  #here: Promise<Vocabulary> | null = null;
  #callCount = 0;

  constructor(
    worker: VocabularyWorker,
    header: Uint8Array<ArrayBuffer>,
    onPart: ((partsDone: number) => void) | undefined,
  ) {
    this.#worker = worker;
    this.#header = header;
    this.#onPart = onPart;
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
    const closed = new DOMException('The node left the swarm', 'AbortError');
    this.#built.reject(closed);
    for (const {reject} of this.#encodings.values()) reject(closed);
    this.#encodings.clear();
  }

  async #vocabulary(): Promise<Vocabulary> {
    const built = await this.#built.promise;
    if (built === null) return this.#buildHere();
    const {table, toolCallFormat} = built;
    return {
      toolCallFormat: () => Promise.resolve(toolCallFormat),
      encodeChat: async (messages, options) => this.#encode({kind: 'chat', messages, options}),
      encodeText: async (text) => this.#encode({kind: 'text', text}),
      tokenBytes: (tokenId) => bytesOfToken(table, tokenId),
    };
  }

  async #encode(prompt: Encodable): Promise<readonly number[]> {
    if (this.#isLost) return this.#encodeHere(prompt);
    this.#callCount += 1;
    const encoding = {...Promise.withResolvers<readonly number[]>(), prompt};
    this.#worker.postMessage({kind: 'encode', callId: this.#callCount, prompt}, []);
    this.#encodings.set(this.#callCount, encoding);
    return encoding.promise;
  }

  #take(reply: VocabularyReply): void {
    switch (reply.kind) {
      case 'building':
        this.#onPart?.(reply.partsDone);
        return;
      case 'built':
        this.#built.resolve(reply);
        return;
      case 'encoded':
        this.#encodings.get(reply.callId)?.resolve(reply.tokenIds);
        this.#encodings.delete(reply.callId);
        return;
      case 'refused':
        this.#encodings.get(reply.callId)?.reject(new ChatTemplateError(reply.reason));
        this.#encodings.delete(reply.callId);
        return;
      case 'unencodable':
        this.#encodings
          .get(reply.callId)
          ?.reject(new Error(`The prompt could not be encoded: ${reply.reason}`));
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
    this.#built.resolve(null);
    for (const {resolve, prompt} of waiting) resolve(this.#encodeHere(prompt));
  };

  async #encodeHere(prompt: Encodable): Promise<readonly number[]> {
    return encodePrompt(await this.#buildHere(), prompt);
  }

  #buildHere(): Promise<Vocabulary> {
    this.#here ??= buildHere(this.#header);
    return this.#here;
  }
}

/** Loaded then only: with the thread, its owner needs neither tokenizer nor template. */
const buildHere: BuildVocabulary = async (header) => {
  const {buildVocabulary} = await import('../model/build-vocabulary.ts');
  return buildVocabulary(header);
};
