import type {Connection} from '@libp2p/interface';
import type {ReceivingLimits, SendingLimits} from '../frames/link-half.ts';

/** Which half of a link runs at the data channel, and its limits. */
export type HalfAtChannel =
  | ({readonly kind: 'sending'} & SendingLimits)
  | ({readonly kind: 'receiving'} & ReceivingLimits);

export type OpenedChannel = {
  /** Leads to the half: `half-port.ts` says what passes. */
  readonly port: MessagePort;
  /** Aborts when the thread with the half is lost; the reason says how. */
  readonly lost: AbortSignal;
};

/** A data channel on a connection of its own to the peer of a link, for one half of it. */
export interface OpenedSubflow {
  /** An offer; or, of an offer, its answer. */
  describe(offer?: string): Promise<string>;
  accept(answer: string): Promise<void>;
  close(): void;
}

/** Where data channels are: in a thread that does nothing else, so that no page delays them. */
export interface LinkChannels {
  /** Whether this connection can have one. */
  fits(connection: Connection): boolean;
  /**
   * Makes this side's end of the channel with this id, and the half that runs at it.
   *
   * @throws when the connection is closing, or the id is in use.
   */
  open(connection: Connection, channelId: number, half: HalfAtChannel): OpenedChannel;
  /**
   * Makes this side's end of another data channel to the same peer, and gives it to the half at `port`, which
   * reports when it is open. Never by way of a TURN server.
   */
  openSubflow(
    connection: Connection,
    half: {
      readonly port: MessagePort;
      /** Which side wants it. */
      readonly isOffering: boolean;
      /** The network has failed under it. */
      readonly onFailed: (cause: Error) => void;
    },
  ): OpenedSubflow;
}
