import {CLIENT_HOP, type Frame} from '#shared/protocol/frame/frame.ts';
import type {HopServed} from '#shared/protocol/control/hop-served.ts';
import type {CloseSession, HopAction} from './hop-session/hop-action.ts';
import {addressOf, type HopPlace} from './hop-session/hop-place.ts';

type Action<Kind extends HopAction['kind']> = Extract<HopAction, {readonly kind: Kind}>;

/** Hidden states as the frame that the next hop gets. */
export function statesFrame({place, states, sample, verify}: Action<'send-states'>): Frame {
  const {position, tokenCount, dtype, parts} = states;
  const {open} = place;
  const address = addressOf(place, open.hopIndex + 1);
  const payload = joined(parts);
  return {...address, kind: 'hidden', dtype, sample, verify, position, tokenCount, payload};
}

/** A sampled token as the frame that the head runs next. */
export function headFrame({place, position}: Action<'send-token'>, payload: Uint8Array): Frame {
  const asked = {sample: true, verify: false} as const;
  const address = addressOf(place, 0);
  return {...address, ...asked, kind: 'tokens', dtype: 'u32', position, tokenCount: 1, payload};
}

/** A sampled token as the frame that its reader gets. */
export function clientFrame({place, position}: Action<'send-token'>, payload: Uint8Array): Frame {
  const asked = {sample: false, verify: false} as const;
  const address = addressOf(place, CLIENT_HOP);
  return {...address, ...asked, kind: 'sampled', dtype: 'none', position, tokenCount: 1, payload};
}

/**
 * The end of a session as it goes on: down the chain with what this hop measured, at the tail
 * to the client. `null` when there is nobody to tell. Of a failed session nobody asks how fast it was.
 */
export function passedClose(
  {place, message}: Action<'pass-close'>,
  own: HopServed,
): Action<'tell'> | null {
  const {downstream, open} = place;
  const served = servedWith(place, message, own);
  if (downstream === null) {
    if (served === null) return null;
    const summary = {kind: 'session-served', hops: served} as const;
    return {
      kind: 'tell',
      to: open.clientId,
      address: addressOf(place, CLIENT_HOP),
      message: summary,
    };
  }
  const {kind, reason} = message;
  const passed = served === null ? {kind, reason} : {kind, reason, served};
  return {
    kind: 'tell',
    to: downstream,
    address: addressOf(place, open.hopIndex + 1),
    message: passed,
  };
}

function servedWith(
  {open}: HopPlace,
  {reason, served: before = []}: CloseSession,
  own: HopServed,
): readonly HopServed[] | null {
  if (reason === 'failed') return null;
  // More than one entry of each hop before this one is not what they measured.
  const isHonest = before.length <= open.hopIndex;
  return [...(isHonest ? before : []), own];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}
