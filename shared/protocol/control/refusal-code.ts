import * as z from 'zod';

/**
 * Why a hop did not do what it was asked. The client's next step depends on it:
 * `chain` — choose another chain at once; `request` — the request itself must change;
 * `bug` — a broken promise, which costs the sender its trust.
 */
export const REFUSALS = {
  VERSION_MISMATCH: {
    next: 'request',
    says: 'the peer speaks another protocol version: reload the page',
  },
  WRONG_MODEL: {next: 'chain', says: 'the peer holds another model'},
  UNSUPPORTED: {next: 'chain', says: 'the peer cannot do this yet'},
  NOT_SERVING: {next: 'chain', says: 'the peer does not hold these layers'},
  SESSIONS_FULL: {next: 'chain', says: 'the peer serves as many answers as it can'},
  KV_FULL: {next: 'chain', says: 'the peer has no room to remember this many tokens'},
  QUEUE_FULL: {next: 'chain', says: 'the peer has too many steps waiting'},
  PROMPT_TOO_LONG: {next: 'request', says: 'the prompt and its answer do not fit the context'},
  PEER_UNREACHABLE: {next: 'chain', says: 'the peer cannot reach the next hop'},
  ONLY_RELAYED_PATH: {
    next: 'chain',
    says: 'there is no direct path to the next hop, and activations never pass a server',
  },
  PEER_LEFT: {next: 'chain', says: 'the next hop left'},
  ENGINE_LOST: {next: 'chain', says: 'the engine of the peer stopped'},
  SESSION_EXISTS: {next: 'bug', says: 'this session is open already'},
  UNKNOWN_SESSION: {next: 'bug', says: 'no such session is open'},
  SESSION_EXPIRED: {next: 'chain', says: 'the session was silent for too long'},
  MALFORMED_FRAME: {next: 'bug', says: 'the frame breaks the wire format'},
  MALFORMED_MESSAGE: {next: 'bug', says: 'the message breaks its schema'},
  MISADDRESSED: {next: 'bug', says: 'the sender has no part in this session'},
  OUT_OF_ORDER: {next: 'bug', says: 'the frame is not at the position that comes next'},
  BAD_PAYLOAD: {next: 'bug', says: 'the payload has another size, or values that are not numbers'},
} as const;

export type RefusalCode = keyof typeof REFUSALS;

function isRefusalCode(text: string): text is RefusalCode {
  return Object.hasOwn(REFUSALS, text);
}

export const refusalCodeSchema = z.enum(Object.keys(REFUSALS).filter(isRefusalCode));
