import type {PeerId} from '../ids.ts';

export type Unsubscribe = () => void;

export interface Transport {
  readonly localPeerId: PeerId;
  connect(to: PeerId, options: {readonly signal: AbortSignal}): Promise<void>;
  send(to: PeerId, frame: Uint8Array, options: {readonly signal: AbortSignal}): Promise<void>;
  onFrame(listener: (from: PeerId, frame: Uint8Array) => void): Unsubscribe;
  onPeerClosed(listener: (peerId: PeerId) => void): Unsubscribe;
  close(): Promise<void>;
}
