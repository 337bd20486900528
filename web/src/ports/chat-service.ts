/** What the page may ask of the swarm: the client's own port. The UI knows this folder, nothing behind it. */
export type {
  AnswerEvent,
  AskRequest,
  ChainHop,
  ChatMessage,
  ChatService,
  ServedHop,
} from '#shared/client/chat/chat-service.ts';
export type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
