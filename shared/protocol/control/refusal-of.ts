import {isWeftError} from '../../base/errors.ts';
import {refusalCodeSchema, type RefusalCode} from './refusal-code.ts';

/** What errors of the transport and of the engine mean to a session. */
const OF_OTHERS: Readonly<Record<string, RefusalCode>> = {
  LINK_LOST: 'PEER_LEFT',
  TRANSPORT_CLOSED: 'PEER_LEFT',
  FRAME_TOO_LARGE: 'BAD_PAYLOAD',
  BAD_STEP: 'BAD_PAYLOAD',
  NOT_FINITE: 'BAD_PAYLOAD',
  WRONG_POSITION: 'OUT_OF_ORDER',
  CONTEXT_FULL: 'PROMPT_TOO_LONG',
};

/** The refusal that tells a peer about `error`; `fallback` when nobody gave it a code. */
export function refusalOf(error: unknown, fallback: RefusalCode): RefusalCode {
  if (!isWeftError(error)) return fallback;
  const {code} = error.detail;
  return OF_OTHERS[code] ?? refusalCodeSchema.safeParse(code).data ?? fallback;
}
