import {isWeftError} from '../errors.ts';
import {refusalCodeSchema, type RefusalCode} from '../protocol/refusal-code.ts';

/** What errors of the transport mean to a session. */
const OF_TRANSPORT: Readonly<Record<string, RefusalCode>> = {
  LINK_LOST: 'PEER_LEFT',
  TRANSPORT_CLOSED: 'PEER_LEFT',
  FRAME_TOO_LARGE: 'BAD_PAYLOAD',
};

/** The refusal that tells a peer about `error`; `fallback` when nobody gave it a code. */
export function refusalOf(error: unknown, fallback: RefusalCode): RefusalCode {
  if (!isWeftError(error)) return fallback;
  const {code} = error.detail;
  return OF_TRANSPORT[code] ?? refusalCodeSchema.safeParse(code).data ?? fallback;
}
