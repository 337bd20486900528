import type {Connection} from '@libp2p/interface';

/** Above what libp2p numbers its own channels with, below Chromium's limit of 1023 streams. */
const FIRST_ID = 512;
const LAST_ID = 1022;
const IDS_PER_SIDE = Math.floor((LAST_ID - FIRST_ID + 1) / 2);

/** Even ids for the side that dialled, odd ones for the other: both may open a channel at once. */
const parityOf = ({direction}: Pick<Connection, 'direction'>): number =>
  direction === 'outbound' ? 0 : 1;

/** The ids that this side has used up; one is used again when all the others were. */
export class ChannelIds {
  readonly #opened = new WeakMap<object, number>();

  next(connection: Pick<Connection, 'direction'>): number {
    const openedCount = this.#opened.get(connection) ?? 0;
    this.#opened.set(connection, openedCount + 1);
    return FIRST_ID + parityOf(connection) + 2 * (openedCount % IDS_PER_SIDE);
  }
}

/** Whether the peer at the other end may have chosen this id. */
export function isPeersChannelId(
  connection: Pick<Connection, 'direction'>,
  channelId: number,
): boolean {
  const isInRange = channelId >= FIRST_ID && channelId < FIRST_ID + 2 * IDS_PER_SIDE;
  return isInRange && channelId % 2 !== parityOf(connection);
}
