import type {Connection, Stream} from '@libp2p/interface';
import {untilAborted} from '../../base/until-aborted.ts';
import {encodeWord} from '../frames/frame-wire.ts';
import type {
  ReceivingEvents,
  ReceivingLimits,
  SendingEvents,
  SendingLimits,
} from '../frames/link-half.ts';
import {isPeersChannelId, type ChannelIds} from './channel-id.ts';
import {ChannelReceiver} from './channel-receiver.ts';
import {ChannelSender, type NarrowEvent} from './channel-sender.ts';
import type {LinkChannels} from './link-channels.ts';
import {readWord} from './read-word.ts';

type Place = {
  readonly stream: Stream;
  readonly connection: Connection;
  readonly channels: LinkChannels;
  readonly signal: AbortSignal;
};

/**
 * Agrees with the peer on a data channel for frames to it. This side names the id; nothing is sent
 * before the peer confirms that its end is open, since bytes for a channel that is not there are lost.
 *
 * @returns `null` when there will be none, at either side; the stream has ended then.
 * @throws the reason of `signal`.
 */
export async function openSendingChannel({
  stream,
  connection,
  channels,
  signal,
  ids,
  beatMs,
  ...events
}: Place &
  SendingLimits &
  SendingEvents &
  NarrowEvent & {readonly ids: ChannelIds}): Promise<ChannelSender | null> {
  const channelId = ids.next(connection);
  const answer = readWord(stream);
  try {
    const channel = channels.open(connection, channelId, {kind: 'sending', beatMs});
    const sender = new ChannelSender({channel, stream, ...events});
    stream.send(encodeWord(channelId));
    const [word] = await untilAborted(Promise.all([answer, sender.opened]), signal);
    if (word !== channelId) throw new Error('The peer has named another data channel');
    return sender;
  } catch (cause) {
    answer.catch(() => undefined);
    stream.abort(new Error('There will be no data channel', {cause}));
    signal.throwIfAborted();
    return null;
  }
}

/**
 * Opens this side's end of the data channel that the peer names on `stream`. The peer waits until
 * `confirm` is called.
 *
 * @returns `null` when there will be none; the stream has ended then.
 */
export async function openReceivingChannel({
  stream,
  connection,
  channels,
  signal,
  beatMs,
  stallMs,
  ...events
}: Place & ReceivingLimits & ReceivingEvents): Promise<{
  readonly receiver: ChannelReceiver;
  readonly confirm: () => void;
} | null> {
  try {
    const channelId = await untilAborted(readWord(stream), signal);
    if (!isPeersChannelId(connection, channelId)) {
      events.onViolation();
      throw new Error(`The peer named channel ${channelId}, which is not one of its own`);
    }
    const channel = channels.open(connection, channelId, {kind: 'receiving', beatMs, stallMs});
    const receiver = new ChannelReceiver({channel, stream, ...events});
    await untilAborted(receiver.opened, signal);
    return {receiver, confirm: () => void stream.send(encodeWord(channelId))};
  } catch (cause) {
    stream.abort(new Error('There will be no data channel', {cause}));
    return null;
  }
}
