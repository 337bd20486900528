import {assert} from '#shared/base/assert.ts';
import type {PeerId, SessionId} from '#shared/base/ids.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {OpenSession} from '#shared/protocol/control/open-session.ts';
import type {ControlAddress} from '#shared/protocol/frame/control-address.ts';
import {CLIENT_HOP, type Frame} from '#shared/protocol/frame/frame.ts';

/** Where this hop is in the chain of a session, for as long as an epoch lasts. */
export type HopPlace = {
  readonly sessionId: SessionId;
  readonly epoch: number;
  readonly open: OpenSession;
  readonly range: LayerRange;
  readonly isHead: boolean;
  readonly isTail: boolean;
  /** The peer that opened the session here: the client for the head, else the hop before. */
  readonly upstream: PeerId;
  /** The hop after, or `null` at the tail. */
  readonly downstream: PeerId | null;
};

export function hopPlace(input: {
  readonly sessionId: SessionId;
  readonly open: OpenSession;
  readonly from: PeerId;
}): HopPlace {
  const {sessionId, open, from} = input;
  const own = open.hops[open.hopIndex];
  assert(own !== undefined, 'the schema checks hopIndex');
  return {
    sessionId,
    epoch: open.epoch,
    open,
    range: {startLayer: own.startLayer, endLayer: own.endLayer},
    isHead: open.hopIndex === 0,
    isTail: open.hopIndex === open.hops.length - 1,
    upstream: from,
    downstream: open.hops[open.hopIndex + 1]?.peerId ?? null,
  };
}

/** Of a message about this session to hop `hopIndex`. */
export function addressOf({sessionId, epoch}: HopPlace, hopIndex: number): ControlAddress {
  return {sessionId, epoch, hopIndex};
}

/** The hop index of `upstream`. */
export function upstreamHop({open}: HopPlace): number {
  return open.hopIndex === 0 ? CLIENT_HOP : open.hopIndex - 1;
}

/** The hop that feeds the head its tokens after the prompt. */
export function headOf({open}: HopPlace): PeerId {
  const head = open.hops[0];
  assert(head !== undefined, 'a chain has a head');
  return head.peerId;
}

/** The peers that may send data frames of this session to this hop. */
export function mayFeed({open, upstream, isHead}: HopPlace, from: PeerId): boolean {
  return from === upstream || (isHead && from === open.hops.at(-1)?.peerId);
}

/** Whether what the tail samples after this frame is one of the tokens that its client allows there. */
export function isSampledByMask(
  {open, isTail}: HopPlace,
  {sample}: Pick<Frame, 'sample'>,
): boolean {
  return isTail && sample && open.sampling.guided === true;
}

/** Whose word counts about the life of this session. */
export function mayCommand({open, upstream}: HopPlace, from: PeerId): boolean {
  return from === upstream || from === open.clientId;
}

/**
 * Whether the session cannot go on without `peerId`, now that it has run `position` tokens. After the prompt the tail
 * feeds the head, and sees whether the client is there.
 */
export function dependsOn(place: HopPlace, peerId: PeerId, position: number): boolean {
  const {open, upstream, downstream, isHead, isTail} = place;
  if (peerId === downstream) return true;
  if (peerId === upstream) return !isHead || isTail || position < open.promptTokens;
  return isTail && (peerId === open.clientId || peerId === headOf(place));
}

/** The hop at `peerId`; this hop itself when that peer is not in the chain. */
export function hopIndexOf({open}: HopPlace, peerId: PeerId): number {
  const index = open.hops.findIndex((hop) => hop.peerId === peerId);
  return index === -1 ? open.hopIndex : index;
}
