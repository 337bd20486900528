import type {AskOptions, WeftMessage} from '../../public/client.d.ts';

/** The model of a server that a client asks. */
export type AskTarget = {
  /** Ends with a slash. */
  readonly serverUrl: string;
  /** Empty: the first of the catalogue. */
  readonly model: string;
};

/** One way to ask: in this tab, or by the gateway of a server. */
export type ChatWay = {
  readonly ask: (messages: readonly WeftMessage[], options: AskOptions) => AsyncIterable<string>;
  readonly close: () => void;
};
