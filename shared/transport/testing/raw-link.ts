import type {Libp2p, Stream} from '@libp2p/interface';
import {readWord} from '../channel/read-word.ts';
import type {BytePipe} from '../frames/byte-pipe.ts';
import {CHANNEL_FRAMES_PROTOCOL, encodeWord, FRAMES_PROTOCOL} from '../frames/frame-wire.ts';
import {StreamPipe} from '../frames/stream-pipe.ts';
import type {MemoryChannels} from './memory-channels.ts';

/** The first id of who has dialled. */
export const DIALLERS_CHANNEL = 512;

/** One half of a link in the hand of a peer that does as it likes. */
export type RawLink = Pick<BytePipe, 'send'> & {
  readonly isOpen: () => boolean;
  readonly onBytes: (listener: (bytes: Uint8Array) => void) => void;
};

/** How a peer of a test comes by half a link without a transport. */
export type RawLinks = {
  /** It sends frames. */
  open(liar: Libp2p, honest: Libp2p): Promise<RawLink>;
  /** It receives them: resolves with the first that is opened to it. */
  accept(liar: Libp2p): Promise<{readonly accepted: Promise<RawLink>}>;
};

export const rawStreams: RawLinks = {
  open: async (liar, honest) =>
    streamLink(await liar.dialProtocol(honest.getMultiaddrs(), FRAMES_PROTOCOL)),
  accept: async (liar) => {
    const {promise, resolve} = Promise.withResolvers<RawLink>();
    await liar.handle(FRAMES_PROTOCOL, (stream) => resolve(streamLink(stream)));
    return {accepted: promise};
  },
};

export function rawChannels(channels: MemoryChannels): RawLinks {
  const between = (liar: Libp2p, other: string, channelId: number): RawLink => {
    const pipe = channels.pipe([liar.peerId.toString(), other], channelId);
    return {...linkOf(pipe), isOpen: () => pipe.isOpen};
  };
  return {
    open: async (liar, honest) => {
      const stream = await liar.dialProtocol(honest.getMultiaddrs(), CHANNEL_FRAMES_PROTOCOL);
      stream.send(encodeWord(DIALLERS_CHANNEL));
      return between(liar, honest.peerId.toString(), await readWord(stream));
    },
    accept: async (liar) => {
      const {promise, resolve} = Promise.withResolvers<RawLink>();
      await liar.handle(CHANNEL_FRAMES_PROTOCOL, async (stream, {remotePeer}) => {
        const channelId = await readWord(stream);
        const link = between(liar, remotePeer.toString(), channelId);
        stream.send(encodeWord(channelId));
        resolve(link);
      });
      return {accepted: promise};
    },
  };
}

function streamLink(stream: Stream): RawLink {
  return {...linkOf(new StreamPipe(stream)), isOpen: () => stream.status === 'open'};
}

const nothing = (): void => undefined;

function linkOf(pipe: BytePipe): Pick<RawLink, 'send' | 'onBytes'> {
  return {
    send: (bytes) => pipe.send(bytes),
    onBytes: (onBytes) => {
      pipe.listen({onBytes, onNonsense: nothing, onDrain: nothing, onClosed: nothing});
    },
  };
}
