import type {Connection, Libp2p, Stream} from '@libp2p/interface';
import type {HalfAtPort} from './half-at-port.ts';
import type {LinkChannels, OpenedSubflow} from './link-channels.ts';
import {answerSubflow, offerSubflow, SUBFLOW_PROTOCOL} from './agree-on-subflow.ts';

/** Both sides wait for candidates, and for the connection to come up over a far path. */
const AGREEMENT_MS = 20_000;
/** A link that is lost and comes back over the same connection gets another; a peer that asks for ever does not. */
const MOST_PER_CONNECTION = 3;

type Options = {
  readonly libp2p: Libp2p;
  readonly channels: LinkChannels;
  /** The half that receives over this connection at a data channel, or `null`. */
  readonly receiverOver: (connection: Connection) => HalfAtPort | null;
  readonly closing: AbortSignal;
};

/**
 * Second subflows of the links of a node. Whoever sends over a narrow link asks for one, once; its peer gives one
 * to each link that it receives over, and no more.
 */
export class Subflows {
  readonly #options: Options;
  readonly #answered = new WeakMap<Connection, number>();

  constructor(options: Options) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#options.libp2p.handle(
      SUBFLOW_PROTOCOL,
      async (stream, connection) => {
        const half = this.#takePlace(connection) ? this.#options.receiverOver(connection) : null;
        const open = () => Promise.resolve(stream);
        await this.#agree({connection, half, isOffering: false, open});
      },
      {runOnLimitedConnection: false, maxInboundStreams: 2},
    );
  }

  async stop(): Promise<void> {
    await this.#options.libp2p.unhandle(SUBFLOW_PROTOCOL);
  }

  /** For a half that sends over a narrow link. Whether it gets one changes nothing else. */
  async offer(connection: Connection, half: HalfAtPort): Promise<void> {
    const open = async (signal: AbortSignal): Promise<Stream> =>
      connection.newStream(SUBFLOW_PROTOCOL, {signal});
    await this.#agree({connection, half, isOffering: true, open});
  }

  #takePlace(connection: Connection): boolean {
    const answered = this.#answered.get(connection) ?? 0;
    this.#answered.set(connection, answered + 1);
    return answered < MOST_PER_CONNECTION;
  }

  async #agree({
    connection,
    half,
    isOffering,
    open,
  }: {
    readonly connection: Connection;
    readonly half: HalfAtPort | null;
    readonly isOffering: boolean;
    readonly open: (signal: AbortSignal) => Promise<Stream>;
  }): Promise<void> {
    const {channels, closing} = this.#options;
    const signal = AbortSignal.any([closing, AbortSignal.timeout(AGREEMENT_MS)]);
    let subflow: OpenedSubflow | null = null;
    let stream: Stream | null = null;
    let isAgreed = false;
    try {
      stream = await open(signal);
      subflow = half?.openSubflow(channels, {connection, isOffering}) ?? null;
      if (half === null || subflow === null) throw new Error('The link has no second subflow');
      const agree = isOffering ? offerSubflow : answerSubflow;
      await agree({stream, half, subflow, signal});
      isAgreed = true;
      await stream.close({signal});
    } catch (cause) {
      // The end of the stream says nothing of what was agreed on it.
      if (!isAgreed) subflow?.close();
      stream?.abort(new Error('There will be no second subflow', {cause}));
    }
  }
}
