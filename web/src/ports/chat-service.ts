import type {AnswerEvent as SwarmEvent, AskRequest} from '#shared/client/chat/chat-service.ts';
import type {VocabularyProgress} from '#shared/client/model/vocabulary.ts';

/** What may be asked of the swarm: the client's own port. The UI knows this folder, nothing behind it. */
export type {AskRequest, ChainHop, ServedHop} from '#shared/client/chat/chat-service.ts';
export type {ChatMessage} from '#shared/model/text/messages/chat-message.ts';
export type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';

/** An answer of which another service than the swarm makes the rest, in text alone. */
export type ElsewhereEvent =
  /** From here on that service answers. */
  | {readonly kind: 'elsewhere'; readonly host: string}
  | {readonly kind: 'text'; readonly text: string; readonly atMs: number};

export type AnswerEvent = SwarmEvent | ElsewhereEvent;

/** The client's port, or another service where the swarm cannot serve. */
export interface ChatService {
  /**
   * The answer as it comes; it ends when the reader stops or `signal` aborts.
   *
   * @throws {WeftError} whose message is a sentence for the reader.
   */
  ask(request: AskRequest, options: {readonly signal: AbortSignal}): AsyncIterable<AnswerEvent>;
  /**
   * Fetches what an answer needs and nothing has loaded yet: a server that goes away while somebody
   * writes does not take it along. Joins no swarm.
   *
   * @param onProgress hears how far what turns text into tokens is.
   */
  prepare?(onProgress?: (progress: VocabularyProgress) => void): Promise<void>;
}
