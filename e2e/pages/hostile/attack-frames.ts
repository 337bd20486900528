import {randomBytes} from 'node:crypto';
import type {PeerId, SessionId} from '#shared/base/ids.ts';
import {sessionIdFrom} from '#shared/client/generation-client.ts';
import {encodeFrame, type Frame} from '#shared/protocol/frame/frame.ts';
import type {OpeningHop} from '#shared/protocol/control/open-session.ts';
import {encodeTokenIds} from '#shared/protocol/frame/token-ids.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '#shared/protocol/version.ts';
import type {HostileWorld, Victim} from './hostile-world.ts';

const F16_ONE = 0x3c00;

/** An id that nobody has used. */
export function newSessionId(): SessionId {
  return sessionIdFrom(randomBytes(8));
}

type Address = {
  readonly sessionId: SessionId;
  readonly epoch?: number;
  readonly hopIndex?: number;
};

/** A control frame with any JSON, or with text that is not JSON. */
export function controlFrame(address: Address, content: unknown): Uint8Array {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return dataFrame({
    ...address,
    kind: 'control',
    dtype: 'none',
    tokenCount: 0,
    payload: new TextEncoder().encode(text),
  });
}

/** A frame with one known token for the head; `changes` name what is wrong with it. */
export function dataFrame(changes: Address & Partial<Frame>): Uint8Array {
  return encodeFrame({
    kind: 'tokens',
    dtype: 'u32',
    sample: false,
    verify: false,
    epoch: 0,
    position: 0,
    tokenCount: 1,
    hopIndex: 0,
    payload: encodeTokenIds([5]),
    ...changes,
  });
}

/** One hidden state for the tail, all ones but for the last value: f16 bits. */
export function hiddenFrame(
  {model}: HostileWorld,
  changes: Address & Partial<Frame>,
  lastBits = F16_ONE,
): Uint8Array {
  const {hiddenSize} = model.manifest.spec;
  const values = new Uint16Array(hiddenSize).fill(F16_ONE);
  values[hiddenSize - 1] = lastBits;
  const payload = new Uint8Array(values.buffer);
  return dataFrame({kind: 'hidden', dtype: 'f16', hopIndex: 1, payload, ...changes});
}

/** The hostile peer in place of the half that `victim` does not hold. */
export function chainWith({hostile, model}: HostileWorld, victim: Victim): readonly OpeningHop[] {
  const {peerId, startLayer, endLayer} = victim;
  const {layerCount} = model.grid;
  const own = {peerId, startLayer, endLayer, warmPosition: 0};
  return startLayer === 0
    ? [own, {peerId: hostile.peerId, startLayer: endLayer, endLayer: layerCount, warmPosition: 0}]
    : [{peerId: hostile.peerId, startLayer: 0, endLayer: startLayer, warmPosition: 0}, own];
}

/** The chain whose second half is at `peerId`, who need not exist. */
export function chainTo({head, model}: HostileWorld, peerId: PeerId): readonly OpeningHop[] {
  const {startLayer, endLayer} = head;
  const {layerCount} = model.grid;
  return [
    {peerId: head.peerId, startLayer, endLayer, warmPosition: 0},
    {peerId, startLayer: endLayer, endLayer: layerCount, warmPosition: 0},
  ];
}

/** An opening that `victim` accepts; `changes` name what is wrong with it. */
export function opening(
  world: HostileWorld,
  victim: Victim,
  changes: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return {
    kind: 'open-session',
    protocolMajor: PROTOCOL_MAJOR,
    protocolMinor: PROTOCOL_MINOR,
    epoch: 0,
    keep: 'nothing',
    manifestHash: world.manifestHash,
    clientId: world.hostile.peerId,
    hopIndex: hopIndexOf(victim),
    hops: chainWith(world, victim),
    promptTokens: 4,
    maxNewTokens: 4,
    sampling: {temperature: 0, topK: 0, topP: 1, seed: 0, topLogprobs: 0},
    ...changes,
  };
}

export function hopIndexOf({startLayer}: Victim): number {
  return startLayer === 0 ? 0 : 1;
}

/** Opens a session at `victim` as an honest peer would, and waits until it is ready. */
export async function openSession(
  world: HostileWorld,
  victim: Victim,
  changes: Readonly<Record<string, unknown>> & {readonly epoch?: number} = {},
): Promise<SessionId> {
  const {epoch = 0, ...fields} = changes;
  const sessionId = newSessionId();
  const address = {sessionId, epoch, hopIndex: hopIndexOf(victim)};
  await world.hostile.send(victim.peerId, [
    controlFrame(address, opening(world, victim, {...fields, epoch})),
  ]);
  const kind = victim.startLayer === 0 ? 'open-session' : 'session-ready';
  await world.hostile.waitForMessage({from: victim.peerId, sessionId, kind});
  return sessionId;
}

/** Ends a session that the hostile peer has opened. */
export function closing(sessionId: SessionId, victim: Victim): Uint8Array {
  return controlFrame(
    {sessionId, hopIndex: hopIndexOf(victim)},
    {kind: 'close-session', reason: 'cancelled'},
  );
}
