import type {ManifestHash, PeerId} from '#shared/base/ids.ts';
import {isOnGrid, type CutGrid} from '#shared/model/cut-grid.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import {kvTokensOf, type Hop, type OpenSession} from '#shared/protocol/control/open-session.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import {PROTOCOL_MAJOR} from '#shared/protocol/version.ts';

/** The layers that a node serves, and what it holds beside them. */
export type ServedRange = LayerRange & {readonly embedding: boolean; readonly lmHead: boolean};

export type OpeningContext = {
  readonly self: PeerId;
  readonly from: PeerId;
  readonly manifestHash: ManifestHash;
  readonly grid: CutGrid;
  readonly contextTokens: number;
  /** What this node serves; `null` while it serves nothing. */
  readonly serving: ServedRange | null;
};

/** Why this hop must not take part in a session, or `null` when it may. */
export function checkOpening(open: OpenSession, context: OpeningContext): RefusalCode | null {
  if (open.protocolMajor !== PROTOCOL_MAJOR) return 'VERSION_MISMATCH';
  if (open.manifestHash !== context.manifestHash) return 'WRONG_MODEL';
  const own = open.hops[open.hopIndex];
  const sender = open.hopIndex === 0 ? open.clientId : open.hops[open.hopIndex - 1]?.peerId;
  if (own?.peerId !== context.self || sender !== context.from) return 'MISADDRESSED';
  if (!coversModel(open.hops, context.grid)) return 'MALFORMED_MESSAGE';
  if (kvTokensOf(open) > context.contextTokens) return 'PROMPT_TOO_LONG';
  if (!servesHop(own, open, context)) return 'NOT_SERVING';
  return null;
}

/** A chain is legal when its hops meet end to start on the grid and cover the model once. */
function coversModel(hops: readonly Hop[], grid: CutGrid): boolean {
  let layer = 0;
  for (const hop of hops) {
    if (hop.startLayer !== layer || !isOnGrid(grid, hop)) return false;
    layer = hop.endLayer;
  }
  return layer === grid.layerCount;
}

function servesHop(own: Hop, open: OpenSession, {serving}: OpeningContext): boolean {
  if (serving === null) return false;
  if (own.startLayer < serving.startLayer || own.endLayer > serving.endLayer) return false;
  if (open.hopIndex === 0 && !serving.embedding) return false;
  return open.hopIndex < open.hops.length - 1 || serving.lmHead;
}
