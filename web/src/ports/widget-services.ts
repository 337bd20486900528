import type {ChatMessage, ChatService} from './chat-service.ts';
import type {NetworkService} from './network-service.ts';
import type {ServedLayers, SwarmService} from './swarm-service.ts';

/** The server, the model and the stand-in that a widget asks. */
export type WidgetTarget = {
  /** Address of a signal server, as the owner of the page wrote it; empty: where the script came from. */
  readonly server: string;
  /** An id of that server's catalogue; empty: its first entry. */
  readonly model: string;
  /** Base URL of the service that is asked when the swarm cannot serve; empty: none. */
  readonly fallback: string;
};

/** What a widget may call. */
export interface WidgetServices {
  /** Where the page of the server is; ends with a slash. */
  readonly serverUrl: string;
  /** Of the service that is asked when the swarm cannot serve; `null`: there is none. */
  readonly fallbackHost: string | null;
  readonly chat: ChatService;
  readonly swarm: SwarmService<ServedLayers>;
  readonly network: NetworkService;
  /** Layers of the model, once the swarm was read; 0 while not known. */
  layerCount(): number;
  /** The conversation that this device keeps for a widget of this heading. */
  kept(heading: string): KeptConversation;
  /** The last widget of a server leaves its swarm. */
  release(): void;
}

/** Throws nothing: where the browser gives no storage, nothing is kept. */
export interface KeptConversation {
  /** Empty when nothing was kept. */
  read(): readonly ChatMessage[];
  write(messages: readonly ChatMessage[]): void;
  delete(): void;
}
